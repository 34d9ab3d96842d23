/** Is the frontend still the one that the record describes? Its port and its pods are what every route leads to. */
import { canonicalJson } from '../../values/canonical.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import type { DriftPolicy } from '../../workload/frontend/drift-policy.ts';
import { changedFields, driftsOf, fieldNames } from '../drift.ts';
import type { Asked, Problem } from './problem.ts';

export interface FrontendAt {
  readonly where: string;
  readonly service: string;
  readonly drift: DriftPolicy;
}

export const frontendAt = (where: string, { config: { service } }: Asked): FrontendAt => ({
  where,
  service: service.name,
  drift: service.drift ?? 'repair',
});

/** A pin that the policy puts back is no problem: that is done before pods of another version are made. */
export function frontendProblems(facts: ClusterFacts, { where, service, drift }: FrontendAt): Problem[] {
  const { frontend, record } = facts;
  if (frontend === null || record === null) return [];
  const asked = driftsOf({ ...facts, service, pinned: frontend.pinned }, drift).filter(({ does }) => does === 'ask');
  if (asked.length > 0) return asked.map(({ text, fix }) => ({ code: 'Invalid', text, fix }));
  const recorded = record.frontend;
  return changedFields(facts).map((field) => ({
    code: 'Invalid',
    text: `${where}: its ${fieldNames[field]} is ${canonicalJson(frontend[field])}, and was ${canonicalJson(recorded[field])} when it was adopted: the route still leads there`,
    fix: `${drift === 'adopt' ? 'let the record take it' : 'put it back'} (tidegate audit ${service} does); or release the service and adopt it again with the new one`,
  }));
}
