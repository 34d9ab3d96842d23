/** Which arms keep their users while a run is under way, and by which cookie each is known. */
import { hash8 } from '../values/names.ts';
import { distinct } from '../values/share.ts';
import type { StickyRoute, Weight } from './record.ts';

export interface KeptArm extends Weight {
  /** Value of the cookie: a browser learns no name of a version or of a cluster by it. */
  readonly cookieValue: string;
}

/**
 * Arms with a share, while there are two versions that have one: nobody is kept on an arm that gets nothing, or where
 * there is no choice. An arm is a version in its serving cluster, so that what a cluster gets in all stays as it is.
 */
export function keptArms(sticky: StickyRoute | undefined, weights: readonly Weight[]): KeptArm[] {
  const live = weights.filter(({ weight }) => weight > 0);
  if (sticky === undefined || distinct(live.map(({ version }) => version)).length < 2) return [];
  return live
    .filter(({ version }) => sticky.keeps === undefined || version === sticky.version)
    .map((one) => ({ ...one, cookieValue: `${hash8([one.name])}.${sticky.token}` }));
}
