/** Which service a command means: from the config when it is at hand, else from the options alone. */
import { readDocuments } from '../../core/config/source.ts';
import { refuse } from '../../core/values/error.ts';
import type { Io } from '../io.ts';
import type { ServiceIdentity } from '../../core/contract/workflow-ids.ts';

export interface NamedService {
  readonly service: string;
  readonly mesh?: string;
  readonly namespace?: string;
}

export async function identityOfNamed(wanted: NamedService, io: Io): Promise<ServiceIdentity> {
  const { service, mesh, namespace } = wanted;
  if (mesh !== undefined && namespace !== undefined) return { mesh, namespace, service };
  const directory = io.env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    refuse(
      'Invalid',
      `the place of ${service} is not known`,
      'set TIDEGATE_CONFIG to the config directory, or give --mesh and --namespace',
    );
  }
  const [only, ...others] = await placesIn(directory, wanted);
  if (only !== undefined && others.length === 0) return only;
  // None, or several: the loader says which there are. It checks the whole config, which takes longer.
  const { createConfigLoader } = await import('../../platform/config/load.ts');
  const config = await createConfigLoader({ directory }).load(wanted);
  return { mesh: config.mesh.name, namespace: config.service.namespace, service };
}

/** Where documents put a service of that name. Nothing else in the config matters here: an abort must not wait for its repair. */
async function placesIn(directory: string, wanted: NamedService): Promise<ServiceIdentity[]> {
  const { createPlaces } = await import('../../platform/config/places/read-places.ts');
  const { files, unreached } = await createPlaces()([directory]);
  if (unreached !== undefined)
    refuse(unreached.code, unreached.message, 'try again; without the config: give --mesh and --namespace');
  const places = files.flatMap((file) => readDocuments(file).documents.flatMap((one) => placeOf(one.value())));
  return places.filter(
    ({ service, mesh, namespace }) =>
      service === wanted.service && mesh === (wanted.mesh ?? mesh) && namespace === (wanted.namespace ?? namespace),
  );
}

interface SomeDocument {
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown } | null;
  readonly spec?: { readonly mesh?: unknown } | null;
}

function placeOf(document: unknown): ServiceIdentity[] {
  const { kind, metadata, spec } = (document ?? {}) as SomeDocument;
  const [service, namespace, mesh] = [metadata?.name, metadata?.namespace, spec?.mesh];
  if (kind !== 'Service' || typeof service !== 'string') return [];
  return typeof namespace === 'string' && typeof mesh === 'string' ? [{ mesh, namespace, service }] : [];
}
