/** Which services a run looks at: the one that was named, or every one of the mesh. */
import { readFileSync } from 'node:fs';
import type { LoadedConfig, MeshConfig } from '../../core/config/types.ts';
import { parseConfig } from '../../core/config/parse.ts';
import type { ConfigLoader } from '../../platform/config/load.ts';
import { readConfigFiles } from '../../platform/config/read-files.ts';
import { present } from '../../core/values/json.ts';

export interface Scope {
  readonly mesh: MeshConfig;
  readonly services: readonly LoadedConfig[];
}

export interface ScopeQuery {
  readonly service?: string | undefined;
  readonly mesh?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Throws TidegateError('Invalid') like the loader: bad config, unknown or ambiguous names. */
export async function scopeOf(loader: ConfigLoader, directory: string, query: ScopeQuery): Promise<Scope> {
  const { service, mesh, namespace } = query;
  const where = { ...present({ mesh, namespace }) };
  if (service !== undefined) {
    const config = await loader.load({ service, ...where });
    return { mesh: config.mesh, services: [config] };
  }
  const chosen = await loader.loadMesh(mesh);
  const named = (await namesIn(directory)).filter(
    (one) => one.mesh === chosen.name && (namespace === undefined || one.namespace === namespace),
  );
  const services = await Promise.all(named.map((one) => loader.load(one)));
  return { mesh: chosen, services };
}

async function namesIn(directory: string): Promise<{ mesh: string; namespace: string; service: string }[]> {
  const { files } = await readConfigFiles([directory]);
  const parsed = parseConfig(files, (path) => readFileSync(path, 'utf8'));
  if (!parsed.ok) return [];
  return parsed.config.services.map(({ written: { metadata, spec } }) => ({
    mesh: spec.mesh,
    namespace: metadata.namespace,
    service: metadata.name,
  }));
}
