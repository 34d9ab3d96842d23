/** The metrics of a mesh, by this worker's own config. What a plan says of them is never an address to call. */
import type { MetricsRef } from '../core/judge/series/metrics-ref.ts';
import type { MetricsSource } from '../core/judge/series/source.ts';
import { TidegateError } from '../core/values/error.ts';
import type { ConfigLoader } from '../platform/config/load.ts';

interface Ports {
  readonly config: Pick<ConfigLoader, 'loadMesh'>;
  readonly connect: (ref: MetricsRef) => MetricsSource;
}

/**
 * null: the mesh has none. A config that cannot be read now is no reason to stop watching: the last good answer holds.
 * Errors are `Unavailable`: another worker may be able to.
 */
export function meshMetrics({ config, connect }: Ports): (mesh: string) => Promise<MetricsSource | null> {
  const lastGood = new Map<string, MetricsRef | null>();
  const refOf = async (mesh: string): Promise<MetricsRef | null> => {
    try {
      const { metrics } = await config.loadMesh(mesh);
      lastGood.set(mesh, metrics);
      return metrics;
    } catch (error) {
      const known = lastGood.get(mesh);
      if (known === undefined) throw error;
      return known;
    }
  };
  return async (mesh) => {
    try {
      const ref = await refOf(mesh);
      return ref === null ? null : connect(ref);
    } catch (cause) {
      if (!(cause instanceof TidegateError)) throw cause;
      throw new TidegateError('Unavailable', `this worker cannot ask the metrics of mesh ${mesh}: ${cause.message}`, {
        cause,
        fix: cause.fix,
      });
    }
  };
}
