/** The pods' answers before and after a share was written: read only where a listener has callers that do not get through. */
import { armOf, newestOf } from '../arms/arms.ts';
import { collapseReading, isSuspect } from '../collapse.ts';
import type { ListenerTraffic } from '../listener.ts';
import { LONGEST_RANGE_MS } from '../series/source.ts';
import type { SloReading } from '../slo-reading.ts';
import { readServed, type Read, type ReadPorts } from './sources.ts';
import type { WatchStratum } from './watch.ts';

export interface CollapsePorts extends Pick<ReadPorts, 'metrics' | 'signal' | 'nowMs'> {
  /** The source's clock minus ours, ms. */
  readonly offsetMs: number;
  /** By client cluster, of the same look. */
  readonly traffic: readonly ListenerTraffic[];
  /** Usual time between two samples of the Envoys, ms. */
  readonly intervalMs: number;
  /** Time before the share was written that tells what is usual, ms. */
  readonly beforeMs: number;
}

/** A share that is older than one range has been looked at when it was young. */
export async function lookForCollapse(input: Read, ports: CollapsePorts): Promise<readonly SloReading[]> {
  const { nowMs, offsetMs, beforeMs, traffic } = ports;
  const listenersOf = ({ clients }: WatchStratum) => traffic.filter(({ client }) => clients.includes(client));
  const suspects = input.strata.filter((stratum) => {
    const sinceMs = stratum.sinceMs + offsetMs;
    return sinceMs - beforeMs >= nowMs - LONGEST_RANGE_MS && isSuspect(listenersOf(stratum), sinceMs);
  });
  if (suspects.length === 0) return [];
  const firstMs = Math.min(...suspects.map(({ sinceMs }) => sinceMs)) + offsetMs;
  const served = await readServed({ ...input, strata: suspects }, { ...ports, startMs: firstMs - beforeMs });
  return suspects.flatMap((stratum) => {
    const series = served.series.filter(({ labels }) => labels['k8s_cluster_name'] === stratum.serving);
    const answered = armOf(served, { series, newestMs: newestOf(series), weigh: () => ({ total: 1, bad: 0 }) });
    return (
      collapseReading({
        serving: stratum.serving,
        service: input.service.service,
        sinceMs: stratum.sinceMs + offsetMs,
        answered,
        intervalMs: Math.max(served.intervalMs, ports.intervalMs),
        listeners: listenersOf(stratum),
      }) ?? []
    );
  });
}
