/** The clusters of a Google project, in all locations. */
import type { FoundCluster } from '../../../core/config/discover/propose.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { fieldAt } from '../../../core/values/json.ts';
import { googleTokens } from '../gke.ts';
import type { CloudPlaces } from '../places.ts';
import { callRest } from '../rest.ts';
import { assertBounded } from './bounds.ts';

/** GKE answers with all clusters at once. */
export async function discoverGke(project: string, places: CloudPlaces): Promise<FoundCluster[]> {
  const what = `GKE of project ${project}`;
  const tokens = await googleTokens(what);
  const answer = await callRest({
    method: 'GET',
    url: `${places.gke ?? 'https://container.googleapis.com'}/v1/projects/${encodeURIComponent(project)}/locations/-/clusters`,
    token: await tokens.get(),
    what: `${what}: list of clusters`,
    grant: 'give your identity container.clusters.list (roles/container.clusterViewer) in the project',
    correct: 'correct the id of the project',
  });
  const missing = fieldAt(answer, 'missingZones');
  if (Array.isArray(missing) && missing.length > 0)
    throw new TidegateError('Unavailable', `${what}: the list lacks what is in ${missing.join(', ')}`, {
      fix: 'try again later',
    });
  const found = fieldAt(answer, 'clusters');
  const clusters = (Array.isArray(found) ? (found as unknown[]) : []).flatMap((one) => clusterIn(project, one));
  assertBounded(what, { clusters: clusters.length, pages: 1 });
  return clusters;
}

function clusterIn(project: string, one: unknown): FoundCluster[] {
  const [cluster, location] = [fieldAt(one, 'name'), fieldAt(one, 'location')];
  if (typeof cluster !== 'string' || typeof location !== 'string') return [];
  const dns = fieldAt(fieldAt(one, 'controlPlaneEndpointsConfig'), 'dnsEndpointConfig');
  // A cluster whose name under gke.goog takes no traffic from outside is reached by its address.
  const endpoint = fieldAt(dns, 'allowExternalTraffic') === true ? {} : { endpoint: 'ip' };
  // A zone is a region with a letter: europe-west1-b.
  const region = location.replace(/-[a-z]$/, '');
  return [{ name: cluster, cloud: 'gcp', region, access: { gke: { project, location, cluster, ...endpoint } } }];
}
