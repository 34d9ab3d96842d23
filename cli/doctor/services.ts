/** Which services a run looks at: the one that was named, or every one of the mesh. */
import type { ConfigLoader, MeshServices } from '../../platform/config/load.ts';
import { present } from '../../core/values/json.ts';

export interface ScopeQuery {
  readonly service?: string | undefined;
  readonly mesh?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Throws TidegateError('Invalid') like the loader: bad config, unknown or ambiguous names. */
export async function scopeOf(loader: ConfigLoader, query: ScopeQuery): Promise<MeshServices> {
  const { service, mesh, namespace } = query;
  const where = present({ mesh, namespace });
  if (service !== undefined) {
    const config = await loader.load({ service, ...where });
    return { mesh: config.mesh, services: [config] };
  }
  return loader.loadServices(where);
}
