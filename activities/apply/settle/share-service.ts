/**
 * What cluster mesh gives of a Service to other clusters: `service.cilium.io/shared`. A drained cluster's frontend says
 * false until it returns. The annotation of our own beside it says that it was us; what others have said is left alone.
 */
import type { ShareServiceInput, ShareServiceResult } from '../../../core/contract/settle-activities.ts';
import { globalOf, sharedOf } from '../../../core/kube/cilium-annotations.ts';
import { annotations } from '../../../core/kube/labels.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { Service } from '../../../core/kube/objects.ts';
import { annotationManager } from '../../../core/kube/ownership.ts';
import type { KubeDeps } from '../../ports.ts';
import { patchService } from '../pins/service-patch.ts';

export async function shareService(
  { clusters }: KubeDeps,
  { service, cluster: ref, shared }: ShareServiceInput,
): Promise<ShareServiceResult> {
  const at = { cluster: await clusters.connect({ service, cluster: ref }), service };
  const { namespace, service: name } = service;
  const found = await at.cluster.get<Service>(kinds.service, { namespace, name });
  const { wanted, ...told } =
    found === null ? nothing : wantedOf(found, shared, `${ref.name}/${namespace}/Service/${name}`);
  if (found !== null && wanted !== null) await patchService(at, found, { annotations: wanted });
  return told;
}

type Wanted = ShareServiceResult & { readonly wanted: Readonly<Record<string, string | null>> | null };

const nothing: Wanted = { action: 'skipped', conflict: '', wanted: null };

function wantedOf(found: Service, shared: boolean, where: string): Wanted {
  const { metadata } = found;
  const given = metadata.annotations?.[annotations.shared];
  const isOurs = metadata.annotations?.[annotations.unshared] !== undefined;
  const theirs = (): string => {
    const who = annotationManager(found, annotations.shared);
    return `${where}: ${annotations.shared}: "${given ?? ''}" was set by ${who === '' ? 'somebody else' : who}, and is left as it is`;
  };
  if (shared) {
    if (!isOurs) return sharedOf(metadata) || !globalOf(metadata) ? nothing : { ...nothing, conflict: theirs() };
    const wanted = { [annotations.unshared]: null };
    if (given !== 'false') return { action: 'configured', conflict: theirs(), wanted };
    return { action: 'configured', conflict: '', wanted: { ...wanted, [annotations.shared]: null } };
  }
  // Only what is global is anybody else's.
  if (!globalOf(metadata)) return nothing;
  if (isOurs && given === 'false') return { action: 'unchanged', conflict: '', wanted: null };
  if (given !== undefined || !sharedOf(metadata)) return { ...nothing, conflict: theirs() };
  const wanted = { [annotations.shared]: 'false', [annotations.unshared]: 'drained' };
  return { action: 'configured', conflict: '', wanted };
}
