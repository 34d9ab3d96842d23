/** `tidegate lab break …`: what can go wrong in a lab on demand, and how it is put right again. */
import { TidegateError, refuse } from '../../core/values/error.ts';
import { breakUsage } from './break-usage.ts';
import { callControl } from './processes/control-server.ts';
import type { LabClusterState } from './lab-state.ts';
import type { PodFault } from './pods/faults.ts';
import type { LabProcess } from './processes/process.ts';

type ServerState = 'dead' | 'hung' | 'heal';

export type BreakOrder =
  | { readonly verb: 'pods'; readonly fault: PodFault }
  | { readonly verb: 'freeze-envoy' | 'thaw-envoy'; readonly cluster: string; readonly node: string }
  | { readonly verb: 'api-server'; readonly cluster: string; readonly state: ServerState }
  /** Its API server and its pods vanish at once. */
  | { readonly verb: 'lost'; readonly cluster: string }
  | { readonly verb: 'prometheus'; readonly state: ServerState }
  /** Any process, by the name that `status` gives it: a server of which nothing else here speaks. */
  | { readonly verb: 'process'; readonly name: string; readonly state: ServerState }
  | { readonly verb: 'heal' };

/** Words as typed after `tidegate lab break`. */
export function parseBreak(words: readonly string[]): BreakOrder {
  const { flags, plain } = splitFlags(words);
  const [verb = '', first, second] = plain;
  switch (verb) {
    case 'errors':
    case 'latency':
    case 'crash':
    case 'hang':
    case 'unready':
    case 'no-image':
    case 'no-node':
      return { verb: 'pods', fault: podFault(verb, first, second, flags) };
    case 'freeze-envoy':
    case 'thaw-envoy':
      if (first !== undefined && second !== undefined) return { verb, cluster: first, node: second };
      break;
    case 'api-server':
      if (first !== undefined && isServerState(second)) return { verb, cluster: first, state: second };
      break;
    case 'lost':
      if (first !== undefined) return { verb, cluster: first };
      break;
    case 'prometheus':
      if (isServerState(first)) return { verb, state: first };
      break;
    case 'process':
      if (first !== undefined && isServerState(second)) return { verb, name: first, state: second };
      break;
    case 'heal':
      return { verb };
    default:
      break;
  }
  throw usageError(words);
}

type PodVerb = 'errors' | 'latency' | 'crash' | 'hang' | 'unready' | 'no-image' | 'no-node';

/** Verbs that are not the names of what they set. */
const named: Partial<Record<PodVerb, keyof PodFault>> = { 'no-image': 'noImage', 'no-node': 'noNode' };

function podFault(
  verb: PodVerb,
  service: string | undefined,
  version: string | undefined,
  flags: ReadonlyMap<string, string>,
): PodFault {
  if (service === undefined || version === undefined) throw usageError([verb]);
  const pods = { service, version, cluster: flags.get('cluster') ?? '*' };
  if (verb === 'errors') {
    const ratio = numberFlag(flags, 'ratio', { verb, max: 1 });
    const callers = flags.get('callers');
    if (callers === undefined) return { ...pods, errorRatio: ratio };
    if (callers !== 'past-envoy') throw usageError([verb, '--callers can be past-envoy only']);
    return { ...pods, pastErrorRatio: ratio };
  }
  if (verb === 'latency') return { ...pods, latencyMs: numberFlag(flags, 'ms', { verb, max: 600_000 }) };
  return { ...pods, [named[verb] ?? verb]: true };
}

function numberFlag(
  flags: ReadonlyMap<string, string>,
  name: string,
  { verb, max }: { verb: string; max: number },
): number {
  const value = Number(flags.get(name) ?? NaN);
  if (value >= 0 && value <= max) return value;
  throw usageError([verb, `--${name} must be a number from 0 to ${max}`]);
}

function splitFlags(words: readonly string[]): { flags: Map<string, string>; plain: string[] } {
  const flags = new Map<string, string>();
  const plain: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('--')) plain.push(word);
    else if (word.includes('=')) flags.set(word.slice(2, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
    else flags.set(word.slice(2), words[++i] ?? '');
  }
  return { flags, plain };
}

function isServerState(word: string | undefined): word is ServerState {
  return word === 'dead' || word === 'hung' || word === 'heal';
}

function usageError(words: readonly string[]): TidegateError {
  return new TidegateError('Invalid', `Cannot break the lab: "${words.join(' ')}" is not understood`, {
    fix: `Write one of:\n${breakUsage}`,
  });
}

export interface Breakable {
  readonly podsSocket: string;
  readonly clusters: readonly LabClusterState[];
  readonly apiServers: ReadonlyMap<string, LabProcess>;
  readonly prometheus: LabProcess | undefined;
  readonly processes: readonly LabProcess[];
  /** Names of the processes that are broken by name now. */
  readonly broken: Set<string>;
}

export async function breakLab(lab: Breakable, order: BreakOrder): Promise<void> {
  switch (order.verb) {
    case 'pods':
      await callControl(lab.podsSocket, '/break', order.fault);
      return;
    case 'freeze-envoy':
    case 'thaw-envoy':
      return envoyUpdates(lab, order.verb === 'freeze-envoy' ? 'freeze' : 'thaw', order);
    case 'api-server':
      return setServer(lab.apiServers.get(order.cluster), order.state, `API server of ${order.cluster}`);
    case 'lost':
      await setServer(lab.apiServers.get(order.cluster), 'dead', `API server of ${order.cluster}`);
      await callControl(lab.podsSocket, '/break', { service: '*', version: '*', cluster: order.cluster, gone: true });
      return;
    case 'prometheus':
      return setServer(lab.prometheus, order.state, 'Prometheus');
    case 'process':
      return setProcess(lab, order.name, order.state);
    case 'heal':
      return healAll(lab);
  }
}

async function setProcess(lab: Breakable, name: string, state: ServerState): Promise<void> {
  const found = lab.processes.find((process) => process.name === name);
  if (found === undefined) {
    const known = lab.processes.map((process) => process.name).join(', ');
    refuse('Invalid', `There is no process ${name} in this lab`, `Known are: ${known}.`);
  }
  if (state === 'heal') lab.broken.delete(name);
  else lab.broken.add(name);
  await setServer(found, state, name);
}

async function healAll(lab: Breakable): Promise<void> {
  // First: what hangs on a dead process would not answer the others.
  await Promise.all([...lab.broken].map((name) => setProcess(lab, name, 'heal')));
  const servers = [...lab.apiServers.values(), ...(lab.prometheus ? [lab.prometheus] : [])];
  await Promise.all([
    ...(lab.prometheus ? [callControl(lab.podsSocket, '/heal', {})] : []),
    ...servers.map((server) => setServer(server, 'heal', server.name)),
    ...lab.clusters.flatMap(({ name, envoys, ciliumAdminPort }) =>
      ciliumAdminPort === 0 ? [] : envoys.map(({ node }) => envoyUpdates(lab, 'thaw', { cluster: name, node })),
    ),
  ]);
}

async function setServer(server: LabProcess | undefined, state: ServerState, what: string): Promise<void> {
  if (!server) throw new TidegateError('Invalid', `This lab has no ${what}`);
  if (state === 'dead') await server.kill();
  else if (state === 'hung') server.signal('SIGSTOP');
  else if (server.running) server.signal('SIGCONT');
  else server.restart();
}

async function envoyUpdates(
  lab: Breakable,
  verb: 'freeze' | 'thaw',
  { cluster, node }: { cluster: string; node: string },
): Promise<void> {
  const state = lab.clusters.find(({ name }) => name === cluster);
  if (!state?.envoys.some((envoy) => envoy.node === node)) {
    const known = lab.clusters.flatMap(({ name, envoys }) => envoys.map((envoy) => `${name} ${envoy.node}`));
    refuse('Invalid', `There is no Envoy ${node} in ${cluster}`, `Known are: ${known.join(', ')}.`);
  }
  const response = await fetch(`http://127.0.0.1:${state.ciliumAdminPort}/${verb}?node=${encodeURIComponent(node)}`, {
    method: 'POST',
  });
  if (!response.ok) throw new TidegateError('Unavailable', `${verb} ${node}: ${await response.text()}`);
}
