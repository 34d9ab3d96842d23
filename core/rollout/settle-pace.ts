/** How patient the settler is. Pure: it is told how often it has tried. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Restores that it starts by itself before a person must look. */
const ROUNDS = 3;

/** Between two looks at what cannot be done yet: soon at first, then every half hour, for as long as it takes, ms. */
export const delayMs = (looks: number): number => Math.min(15 * SECOND * 2 ** Math.max(0, looks - 1), 30 * MINUTE);

/** From the start of a restore to the earliest start of the next, ms. */
export const restoreDelayMs = (rounds: number): number => (rounds <= 1 ? 10 * SECOND : 5 * MINUTE);

export const isSpent = (rounds: number): boolean => rounds >= ROUNDS;
