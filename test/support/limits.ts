/** Every time limit of the tests, ms. Generous: they catch hangs, they measure nothing. */
export const limits = {
  pollEvery: 100,
  eventually: 20_000,
} as const;
