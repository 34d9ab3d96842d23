/** Seeded randomness for simulations: the same seed, the same runs, on every machine. */
import { logFactorial } from '../../../core/judge/statistics/log-gamma.ts';

export interface Random {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  readonly poisson: (mean: number) => number;
  /** Normal with mean 0 and variance 1. */
  readonly normal: () => number;
  /** 1, 2, …: how many requests fail at once. */
  readonly geometric: (mean: number) => number;
}

/** sfc32 (Chris Doty-Humphrey): passes PractRand, period of 2^64 at least, so that streams of different seeds lie apart. */
const sfc32 = (seed: readonly [number, number, number]): (() => number) => {
  let [a, b, c] = seed;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
};

/** FNV-1a of a name, so that every cell of a table has streams of its own. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash;
};

/** @param name what is simulated; @param seed which part of its runs */
export const createRandom = (name: string, seed: number): Random => {
  const uniform = sfc32([hashOf(name), seed | 0, 0x9e3779b9]);
  const small = smallPoisson(uniform);
  return {
    uniform,
    poisson: (mean) => (mean < 12 ? small(mean) : largePoisson(uniform, mean)),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    geometric: (mean) => (mean === 1 ? 1 : 1 + Math.floor(Math.log(1 - uniform()) / Math.log(1 - 1 / mean))),
  };
};

/** Knuth's product of uniforms. */
const smallPoisson = (uniform: () => number) => {
  let known = 0;
  let limit = 1;
  return (mean: number): number => {
    if (mean === 0) return 0;
    if (mean !== known) [known, limit] = [mean, Math.exp(-mean)];
    let n = -1;
    for (let product = 1; product > limit; product *= uniform()) n++;
    return n;
  };
};

/** Hörmann 1993, PTRS: exact, a rejection from a transformed uniform. */
const largePoisson = (uniform: () => number, mean: number): number => {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const accept = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const edge = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / edge + b) * u + mean + 0.43);
    if (edge >= 0.07 && v <= accept) return k;
    if (k < 0 || (edge < 0.013 && v > edge)) continue;
    const chance = Math.log((v * inverseAlpha) / (a / (edge * edge) + b));
    if (chance <= k * Math.log(mean) - mean - logFactorial(k)) return k;
  }
};
