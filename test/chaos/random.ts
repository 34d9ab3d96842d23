import { randomFrom } from '../support/simulated-bakes.ts';

/** A stream of numbers in [0, 1) that is the same for the same words: what a seed of a run decides. */
export function seeded(...words: readonly (string | number)[]): () => number {
  let seed = 0x811c9dc5;
  for (const char of words.join(' ')) seed = Math.imul(seed ^ char.charCodeAt(0), 0x01000193);
  return randomFrom(seed);
}
