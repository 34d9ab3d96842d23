/** Is the frontend still the one that the record describes? Its port and its pods are what every route leads to. */
import { canonicalJson } from '../../values/canonical.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import type { Problem } from './problem.ts';

/** A pin that was taken off is no problem: it is put back before pods of another version are made. */
export function frontendProblems({ frontend, record }: ClusterFacts, where: string): Problem[] {
  if (frontend === null || record === null || record.versions.proven === null) return [];
  const recorded = record.frontend;
  const changed = (['portName', 'port', 'targetPort', 'selector'] as const).filter(
    (field) => canonicalJson(frontend[field]) !== canonicalJson(recorded[field]),
  );
  return changed.map((field) => ({
    code: 'Invalid',
    text: `${where}: its ${names[field]} is ${canonicalJson(frontend[field])}, and was ${canonicalJson(recorded[field])} when it was adopted: the route still leads there`,
    fix: 'put it back; or release the service and adopt it again with the new one',
  }));
}

const names = {
  portName: "port's name",
  port: 'port',
  targetPort: 'targetPort',
  selector: 'selector (without the pin)',
} as const;
