/** Can Cilium's Envoy there run what Tidegate renders? */
import { envoyOfImage, isBuilt, knownMinors, listFor } from '../../render/cilium-envoy/envoy-version.ts';
import { extensionsOf } from '../../render/cilium-envoy/extensions.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import type { Problem } from './problem.ts';

/** An agent that does not know a field drops the listener without a word, and calls bypass Envoy. */
export function envoyProblems({
  cluster,
  envoyImage = '',
  frontend,
}: Pick<ClusterFacts, 'cluster' | 'envoyImage' | 'frontend'>): Problem[] {
  const version = envoyOfImage(envoyImage);
  if (version === undefined) return [];
  const runs = `${cluster}: Cilium runs Envoy ${version.minor} (${envoyImage})`;
  if (listFor(version) === undefined) {
    const text = `${runs}, older than ${knownMinors[0] ?? ''}, the oldest that takes the listener`;
    return [{ code: 'Invalid', text, fix: 'upgrade Cilium to 1.18 or newer' }];
  }
  const lacking = extensionsOf(frontend?.protocol).filter((name) => !isBuilt(name, version));
  if (lacking.length === 0) return [];
  const text = `${runs}, which is built without ${lacking.join(', ')}`;
  return [{ code: 'Invalid', text, fix: 'upgrade Cilium' }];
}

/** What is not known of it: a line for all clusters that it holds for. Facts of an older worker say nothing. */
export function envoyNotes(facts: readonly ClusterFacts[]): string[] {
  const told = facts.flatMap(({ cluster, envoyImage }) => {
    const doubt = envoyImage === undefined ? '' : envoyDoubt(envoyImage);
    return doubt === '' ? [] : [{ cluster, doubt }];
  });
  return [...Map.groupBy(told, ({ doubt }) => doubt)].map(
    ([doubt, clusters]) => `${clusters.map(({ cluster }) => cluster).join(', ')}: ${doubt}`,
  );
}

/** '' when the version is known. */
export function envoyDoubt(envoyImage: string): string {
  const version = envoyOfImage(envoyImage);
  if (version === undefined) {
    const why =
      envoyImage === ''
        ? 'the role may read no DaemonSet cilium-envoy or cilium in kube-system'
        : `the image ${envoyImage} does not say it`;
    return `which Envoy Cilium runs is not known (${why}); what every known one has is taken for it`;
  }
  const list = listFor(version);
  if (list === version.minor || list === undefined) return '';
  return `Cilium runs Envoy ${version.minor}, which is not known here; the list of ${list} is taken for it`;
}

/** What an adoption changes for callers, whatever the Envoy. */
export const LISTENER_NOTE =
  "Envoy's listener refuses some requests that pods take: CONNECT, a # or bytes above 127 in a target, Content-Length twice, " +
  'and clients that close their sending half early get no answer (docs/reference/listener.md); refusals are counted and end the adoption';
