/** How verdicts write their numbers: one place, so that the same number reads the same everywhere. */

/** `3 of 200 (1.5 %)`; without requests `0 of 0`. */
export const ofTotal = (bad: number, total: number): string =>
  total === 0 ? '0 of 0' : `${bad} of ${total} (${percent(bad / total)})`;

export const percent = (ratio: number): string => `${Number((ratio * 100).toPrecision(3))} %`;

export const seconds = (ms: number): string => {
  const s = Math.max(0, ms) / 1000;
  return s >= 10 ? `${Math.round(s)} s` : `${Number(s.toFixed(1))} s`;
};

/** Chances in powers of ten; below 1e-300 a double holds nothing. */
export const chance = (p: number): string =>
  p >= 0.001 ? `${Number(p.toPrecision(2))}` : p < 1e-300 ? '< 1e-300' : p.toExponential(0);
