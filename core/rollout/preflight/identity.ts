/** Could the pods of a new version be told from the old ones? */
import { mainVersion } from '../../routing/weights.ts';
import { isVersionLabel } from '../../workload/version-text.ts';
import type { ClusterFacts, WorkloadFacts } from '../../workload/facts.ts';
import { saidVersion } from './original-versions.ts';
import type { Asked, Problem } from './problem.ts';

/** Every version's pods carry the frontend's selector: a version that stands in it would be said by all of them. */
export function identityProblems({ config, facts, change }: Asked): Problem[] {
  const isAdoption = change.kind === 'adopt';
  // What only an image says of an original is in question while it is adopted, and where it runs.
  const said = (one: WorkloadFacts): string => (isAdoption && one.replicas > 0 ? saidVersion(one) : one.version);
  const asked = isAdoption && change.version !== undefined ? [change.version] : [];
  return facts.flatMap((one) =>
    saidBySelector(one, [...asked, ...one.workloads.map(said)]).map(([label, value]) => ({
      code: 'Invalid',
      text: `${one.cluster}/${config.service.namespace}/Service/${config.service.name}: its selector has ${label}=${value}, so the pods of every version would say ${value} in label ${label}`,
      fix: `take ${label} out of the Service's selector: Tidegate pins it by app.kubernetes.io/version itself`,
    })),
  );
}

/** A value says a version also under another key; a bare number may be anything. */
function saidBySelector({ frontend, record, cluster }: ClusterFacts, said: readonly string[]): string[][] {
  const proven = mainVersion(record?.versions.proven?.[cluster]);
  const old = [...said, proven].filter((one) => !/^\d*$/.test(one));
  return Object.entries(frontend?.selector ?? {}).filter(
    ([label, value]) => isVersionLabel(label) || old.includes(value),
  );
}
