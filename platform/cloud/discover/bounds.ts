/** How far a list of clusters is read. */
import { refuse } from '../../../core/values/error.ts';

/** Clusters of one question: as many as a mesh can have (Cilium has so many ids). */
const MOST_CLUSTERS = 511;

/** Pages of one question: a cloud whose pages do not end is not asked for ever. */
const MOST_PAGES = 50;

/** @param what is listed: `EKS in us-east-1` */
export const assertBounded = (what: string, { clusters, pages }: { clusters: number; pages: number }): void => {
  if (clusters <= MOST_CLUSTERS && pages <= MOST_PAGES) return;
  refuse(
    'Invalid',
    `${what}: there are more than ${String(MOST_CLUSTERS)} clusters, or the list does not end`,
    'ask for less: another region, project or subscription',
  );
};
