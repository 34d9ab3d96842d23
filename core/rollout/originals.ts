/**
 * Originals: the Deployments that served a service before its adoption. An adoption marks them; what becomes of one when
 * the adoption is over, however it ended, follows from the record of its cluster alone.
 */
import { pinOf } from '../routing/changes.ts';
import type { ClusterState } from '../workload/cluster-state.ts';

export type OriginalNeed = { readonly reason: string; readonly cluster: string; readonly version: string } & {
  /** original: its pods go, since callers get the adopted version. unmark: it serves as before. */
  readonly kind: 'original' | 'unmark';
  readonly deployment: string;
};

export function originalNeeds({ cluster, record, pinned, originals = [], holds }: ClusterState): OriginalNeed[] {
  const pin = pinOf(record);
  return originals.flatMap(({ deployment, version }): OriginalNeed[] => {
    const of = { cluster, version, deployment };
    if (pin !== '') {
      // Callers past Envoy get the original until the frontend is pinned.
      if (pinned !== pin) return [];
      return [
        { kind: 'original', ...of, reason: `${cluster}: ${deployment} ran before the adoption, and nobody calls it` },
      ];
    }
    // What frees its autoscaler takes the mark off, too.
    if (holds.some((hold) => hold.version === version)) return [];
    return [
      { kind: 'unmark', ...of, reason: `${cluster}: ${deployment} serves as before the adoption, which is over` },
    ];
  });
}
