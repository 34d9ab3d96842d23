/** What a watch has seen of the clusters of a mesh, and which of that is news. Pure. */
import type { Judgement } from './lost-cluster.ts';

/** A cluster as it was judged by the last looks. */
export interface Seen {
  readonly cluster: string;
  readonly judgement: Judgement;
  /** Since when it is judged so, ms since the epoch; 0 = it was not looked at yet. */
  readonly sinceMs: number;
  /** Looks in a row that have judged so. */
  readonly looks: number;
  /** The evidence of the last look. */
  readonly text: string;
}

interface Look {
  readonly judgement: Judgement;
  readonly text: string;
  readonly nowMs: number;
}

export function seenAnew(before: Seen, { judgement, text, nowMs }: Look): Seen {
  const same = before.judgement === judgement && before.sinceMs > 0;
  return {
    cluster: before.cluster,
    judgement,
    text,
    sinceMs: same ? before.sinceMs : nowMs,
    looks: same ? before.looks + 1 : 1,
  };
}

/** What was told of a cluster last. */
interface Told {
  readonly cluster: string;
  readonly judgement: Judgement;
  /** When it was found so, ms since the epoch. */
  readonly atMs: number;
  /** Its calls were moved, ms since the epoch; 0 = they were not. */
  readonly movedAtMs: number;
}

/** Its calls were moved, or are being moved, since then, ms since the epoch; 0 = nothing was done about it. */
export const lostSinceMs = ({ judgement, atMs, movedAtMs }: Told): number =>
  judgement === 'lost' ? Math.max(atMs, movedAtMs) : movedAtMs;

/** Two looks: one may have met the moment in which a counter begins anew. */
const LOST_LOOKS = 2;
/** A suspicion, or a source that is silent, is told after so long, ms: restarts of API servers take less. */
const DOUBT_MS = 30_000;
/** A cluster whose calls were moved must be well for so long before it is said to be back, ms: one that comes up may fall again. */
export const BACK_MS = 5 * 60_000;

/** Judgements that differ from what was told, and have held for long enough; one that is lost again is found so now. */
export function newsOf(
  seen: readonly Seen[],
  { told, nowMs }: { readonly told: readonly Told[]; readonly nowMs: number },
): Seen[] {
  return seen.flatMap((one) => {
    const last = told.find(({ cluster }) => cluster === one.cluster);
    if (last?.judgement !== 'lost' || one.judgement !== 'lost') return isNews(one, { last, nowMs }) ? [one] : [];
    return one.looks >= LOST_LOOKS && nowMs - lostSinceMs(last) >= BACK_MS ? [{ ...one, sinceMs: nowMs }] : [];
  });
}

function isNews(one: Seen, { last, nowMs }: { readonly last: Told | undefined; readonly nowMs: number }): boolean {
  if (one.looks === 0 || one.judgement === (last?.judgement ?? 'unknown')) return false;
  const heldMs = nowMs - one.sinceMs;
  switch (one.judgement) {
    case 'lost':
      return one.looks >= LOST_LOOKS;
    case 'well':
      return heldMs >= (last?.judgement === 'lost' || (last?.movedAtMs ?? 0) > 0 ? BACK_MS : 0);
    case 'suspected':
    case 'unknown':
      // That what is lost is doubtful again is no news: it is, until it is well.
      return last?.judgement !== 'lost' && heldMs >= DOUBT_MS;
  }
}
