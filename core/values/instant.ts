/** A moment as people and machines both read it, to the second, in UTC: 2026-11-27T20:14:32Z. */
export const instantText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
