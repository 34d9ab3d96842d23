/** What a store has of a counter: its labels, and the samples as they were taken. */

export interface Sample {
  /** ms since the epoch, on the clock of whoever took the sample. */
  readonly atMs: number;
  readonly value: number;
  /**
   * When the counter was 0, ms, where the source knows it; another one than the sample's before is a reset, also when
   * the value is higher, and nothing is known of the time between the two. null: the source knows that it was not
   * there, so a first sample is a baseline. Left out: the source does not say; see births.ts.
   */
  readonly startMs?: number | null;
}

export type Labels = Readonly<Record<string, string>>;

export interface RawSeries {
  readonly labels: Labels;
  /** In order of time. */
  readonly samples: readonly Sample[];
}

/** Sorted, so that one series has one key. */
export const labelsKey = (labels: Labels): string =>
  JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Median distance of neighbouring samples, ms: a few late ones do not move it. 0: no series has two. */
export const usualInterval = (all: readonly RawSeries[]): number => {
  const gaps: number[] = [];
  for (const { samples } of all) {
    for (let i = 1; i < samples.length; i++) gaps.push((samples[i]?.atMs ?? 0) - (samples[i - 1]?.atMs ?? 0));
  }
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
};
