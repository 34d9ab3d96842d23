/** The metrics of a mesh, by this worker's own config. What a plan says of them is never an address to call. */
import type { ReachableMesh } from '../core/config/types.ts';
import type { MetricsRef } from '../core/judge/series/metrics-ref.ts';
import type { MetricsSource } from '../core/judge/series/source.ts';
import { TidegateError } from '../core/values/error.ts';
import type { OwnMeshes } from './mesh-config.ts';

interface Ports {
  readonly meshes: OwnMeshes;
  readonly connect: (ref: MetricsRef) => MetricsSource;
}

/**
 * null: the mesh has none. A config that cannot be read now is no reason to stop watching: the last good answer holds.
 * Errors are `Unavailable`: another worker may be able to.
 */
export function meshMetrics({ meshes, connect }: Ports): (mesh: string) => Promise<MetricsSource | null> {
  const nowOrBefore = async (name: string): Promise<ReachableMesh> => {
    try {
      return await meshes.now(name);
    } catch (error) {
      const known = meshes.before(name);
      if (known === undefined) throw error;
      return known;
    }
  };
  return async (mesh) => {
    try {
      const { metrics } = await nowOrBefore(mesh);
      return metrics === null ? null : connect(metrics);
    } catch (cause) {
      if (!(cause instanceof TidegateError)) throw cause;
      throw new TidegateError('Unavailable', `this worker cannot ask the metrics of mesh ${mesh}: ${cause.message}`, {
        cause,
        fix: cause.fix,
      });
    }
  };
}
