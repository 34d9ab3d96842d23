/** Does each API server answer? Asked by a loop per cluster, so that one that hangs holds up no other. */
import type { WatchClustersInput } from '../../core/contract/failover.ts';
import type { Probes } from '../../core/topology/lost-cluster.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import { beforeAsking, isUnasked } from '../../platform/kube/unasked.ts';
import type { Clock, NamedClusters } from '../ports.ts';

export interface Prober {
  probes(): Readonly<Record<string, Probes>>;
  /** Clusters whose last question was answered. */
  answering(): readonly string[];
  /** No question is unanswered. */
  isQuiet(): boolean;
  /** Why the last question was not answered; '' = it was. */
  why(cluster: string): string;
  stop(): void;
}

/** Between two questions, ms: to one that answers, and to one that does not. */
const ASK_MS = { well: 2_000, silent: 500 } as const;
/** An API server that takes longer for its version does not answer, ms. */
const ANSWER_MS = 2_000;
/** How it is reached, and the credential, must be there by then, ms: a program that fetches one may hang. */
const CONNECT_MS = 10_000;
/** How a cluster is reached is read anew from the config after so long, ms: each reading parses all of it. */
const KNOWN_MS = 60_000;

interface ProberDeps {
  readonly clusters: NamedClusters;
  readonly clock: Clock;
}

interface Asked {
  readonly probes: Probes;
  readonly why: string;
}

const notAsked: Asked = { probes: { answeredAtMs: 0, silentSinceMs: null, silent: 0 }, why: 'not asked yet' };

const answers = ({ probes }: Asked): boolean => probes.silentSinceMs === null && probes.answeredAtMs > 0;

export function createProber(
  deps: ProberDeps,
  { mesh, clusters }: Pick<WatchClustersInput, 'mesh' | 'clusters'>,
): Prober {
  const stopping = new AbortController();
  const states = new Map(clusters.map(({ name }) => [name, notAsked]));
  const ask = createAsk(deps, { mesh, signal: stopping.signal });
  const loop = async (name: string): Promise<void> => {
    while (!stopping.signal.aborted) {
      const askedMs = deps.clock.nowMs();
      const { answer, why } = await ask(name);
      const { probes } = states.get(name) ?? notAsked;
      const now: Readonly<Record<Answer['answer'], Probes>> = {
        answers: { answeredAtMs: deps.clock.nowMs(), silentSinceMs: null, silent: 0 },
        silent: { ...probes, silentSinceMs: probes.silentSinceMs ?? askedMs, silent: probes.silent + 1 },
        unasked: notAsked.probes,
      };
      states.set(name, { why, probes: now[answer] });
      await deps.clock.sleep(answer === 'silent' ? ASK_MS.silent : ASK_MS.well, stopping.signal).catch(() => undefined);
    }
  };
  for (const { name } of clusters) void loop(name);
  return {
    probes: () => Object.fromEntries([...states].map(([name, { probes }]) => [name, probes])),
    answering: () => [...states].filter(([, one]) => answers(one)).map(([name]) => name),
    isQuiet: () => [...states.values()].every(({ probes }) => probes.silentSinceMs === null),
    why: (cluster) => states.get(cluster)?.why ?? '',
    stop: () => stopping.abort(),
  };
}

interface Asking {
  readonly mesh: string;
  /** Ends every question. */
  readonly signal: AbortSignal;
}

interface Answer {
  /** unasked: nobody was asked, which says nothing of the cluster. */
  readonly answer: 'answers' | 'silent' | 'unasked';
  /** Why there is no answer; '' = there is one. */
  readonly why: string;
}

function createAsk({ clusters, clock }: ProberDeps, { mesh, signal }: Asking): (name: string) => Promise<Answer> {
  const connections = new Map<string, { readonly cluster: KubeCluster; readonly atMs: number }>();
  const connected = async (name: string): Promise<KubeCluster> => {
    const known = connections.get(name);
    if (known !== undefined && clock.nowMs() - known.atMs < KNOWN_MS) return known.cluster;
    try {
      const cluster = await clusters.connect({ service: { mesh }, cluster: { name } });
      connections.set(name, { cluster, atMs: clock.nowMs() });
      return cluster;
    } catch (error) {
      // A config that cannot be read says nothing of the cluster.
      if (known === undefined) throw error;
      return known.cluster;
    }
  };
  return async (name) => {
    try {
      const cluster = await beforeAsking(() => within(clock, { ms: CONNECT_MS, signal }, connected(name)));
      await cluster.ask('/version', undefined, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
      return { answer: 'answers', why: '' };
    } catch (error) {
      if (!(error instanceof TidegateError)) return { answer: 'silent', why: `no answer in ${String(ANSWER_MS)} ms` };
      const why = error.message;
      if (isUnasked(error)) return { answer: 'unasked', why };
      // Whoever refuses has answered.
      return error.code === 'Unavailable' ? { answer: 'silent', why } : { answer: 'answers', why: '' };
    }
  };
}

/** What hangs is left to itself. */
async function within<T>(
  clock: Clock,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
  work: Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const late = clock.sleep(ms, AbortSignal.any([signal, over.signal])).then(() => {
    throw new TidegateError('Unavailable', `how it is reached is not known after ${String(ms)} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    over.abort(new Error('it is known'));
  }
}
