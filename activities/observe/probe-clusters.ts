/** Does each API server answer? Asked by a loop per cluster, so that one that hangs holds up no other. */
import type { WatchClustersInput } from '../../core/contract/failover.ts';
import type { Probes } from '../../core/topology/lost-cluster.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
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

/** How a cluster is reached is read anew from the config after so long, ms: each reading parses all of it. */
const KNOWN_MS = 60_000;

interface ProberDeps {
  readonly clusters: NamedClusters;
  readonly clock: Clock;
}

export async function createProber(
  deps: ProberDeps,
  { mesh, clusters }: Pick<WatchClustersInput, 'mesh' | 'clusters'>,
): Promise<Prober> {
  const stopping = new AbortController();
  const states = new Map<string, { probes: Probes; why: string }>(
    clusters.map(({ name }) => [
      name,
      { probes: { answeredAtMs: 0, silentSinceMs: null, silent: 0 }, why: 'not asked yet' },
    ]),
  );
  const connections = new Map<string, { readonly cluster: KubeCluster; readonly atMs: number }>();
  const connected = async (name: string): Promise<KubeCluster> => {
    const known = connections.get(name);
    if (known !== undefined && deps.clock.nowMs() - known.atMs < KNOWN_MS) return known.cluster;
    try {
      const cluster = await deps.clusters.connect({ service: { mesh }, cluster: { name } });
      connections.set(name, { cluster, atMs: deps.clock.nowMs() });
      return cluster;
    } catch (error) {
      // A config that cannot be read says nothing of the cluster.
      if (known === undefined) throw error;
      return known.cluster;
    }
  };
  const ask = async (name: string): Promise<string> => {
    try {
      const cluster = await connected(name);
      await cluster.ask('/version', undefined, {
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      return '';
    } catch (error) {
      if (!(error instanceof TidegateError)) return `no answer in ${String(ANSWER_MS)} ms`;
      // Whoever refuses has answered.
      return error.code === 'Unavailable' ? error.message : '';
    }
  };
  const once = async (name: string): Promise<boolean> => {
    const askedMs = deps.clock.nowMs();
    const why = await ask(name);
    if (stopping.signal.aborted) return true;
    const before = states.get(name)?.probes ?? { answeredAtMs: 0, silentSinceMs: null, silent: 0 };
    const probes: Probes =
      why === ''
        ? { answeredAtMs: deps.clock.nowMs(), silentSinceMs: null, silent: 0 }
        : { ...before, silentSinceMs: before.silentSinceMs ?? askedMs, silent: before.silent + 1 };
    states.set(name, { probes, why });
    return why === '';
  };
  const loop = async (name: string): Promise<void> => {
    while (!stopping.signal.aborted) {
      const answers = await once(name);
      await deps.clock.sleep(answers ? ASK_MS.well : ASK_MS.silent, stopping.signal).catch(() => undefined);
    }
  };
  for (const { name } of clusters) void loop(name);
  return {
    probes: () => Object.fromEntries([...states].map(([name, { probes }]) => [name, probes])),
    answering: () =>
      [...states]
        .filter(([, { probes }]) => probes.silentSinceMs === null && probes.answeredAtMs > 0)
        .map(([name]) => name),
    isQuiet: () => [...states.values()].every(({ probes }) => probes.silentSinceMs === null),
    why: (cluster) => states.get(cluster)?.why ?? '',
    stop: () => stopping.abort(),
  };
}
