/**
 * Burn rates of the error budget (Google SRE workbook, chapter 5): how many times faster than the objective allows are
 * bad requests spent. A rule needs both windows: the long one for weight, the short one to see that it still goes on.
 */
import { plusTotal, type Total } from '../arms/arms.ts';

export interface BurnRule {
  readonly rate: number;
  readonly longMs: number;
  readonly shortMs: number;
  /** page: somebody is woken, a canary stops. ticket: somebody should look. */
  readonly severity: 'page' | 'ticket';
  /** Bad requests in the long window below which a rate says nothing: three requests an hour would page otherwise. */
  readonly minBad: number;
}

const HOUR_MS = 3_600_000;

/** 2, 5, 10 and 10 % of a 30-day budget. `minBad` keeps false pages of a service at its objective below 1e-6 a window. */
const burnRules: readonly BurnRule[] = [
  { rate: 14.4, longMs: HOUR_MS, shortMs: HOUR_MS / 12, severity: 'page', minBad: 10 },
  { rate: 6, longMs: 6 * HOUR_MS, shortMs: HOUR_MS / 2, severity: 'page', minBad: 15 },
  { rate: 3, longMs: 24 * HOUR_MS, shortMs: 2 * HOUR_MS, severity: 'ticket', minBad: 30 },
  { rate: 1, longMs: 72 * HOUR_MS, shortMs: 6 * HOUR_MS, severity: 'ticket', minBad: 300 },
];

/** Counts since the bucket before. */
export interface Bucket extends Total {
  /** End, ms. */
  readonly atMs: number;
}

export interface Burn {
  readonly rule: BurnRule;
  readonly long: number;
  readonly short: number;
}

/** Bad requests of the short window below which it does not count as going on. */
const MIN_SHORT_BAD = 3;

export interface BurnOptions {
  /** Part of the requests that may be bad, 0..1. */
  readonly allowed: number;
  readonly nowMs: number;
  /** How many requests fail at once (dispersion.ts), >= 1: a burst of ten is one event of the ten that a page takes. */
  readonly phi: number;
}

/** Rules that fire, the fastest first. Buckets in order of time; a window that reaches back before them has what there is. */
export const burning = (buckets: readonly Bucket[], { allowed, nowMs, phi }: BurnOptions): readonly Burn[] =>
  burnRules.flatMap((rule) => {
    const long = within(buckets, nowMs - rule.longMs);
    const short = within(buckets, nowMs - rule.shortMs);
    const burn = { rule, long: rateOf(long, allowed), short: rateOf(short, allowed) };
    const enough = long.bad >= phi * rule.minBad && short.bad >= phi * MIN_SHORT_BAD;
    return enough && burn.long >= rule.rate && burn.short >= rule.rate ? [burn] : [];
  });

const rateOf = ({ total, bad }: Total, allowed: number): number => (total === 0 ? 0 : bad / total / allowed);

const within = (buckets: readonly Bucket[], fromMs: number): Total =>
  buckets
    .filter((bucket) => bucket.atMs > fromMs)
    .reduce((sum, { total, bad }) => ({ total: sum.total + total, bad: sum.bad + bad }), { total: 0, bad: 0 });

/** Young counts are kept by 5 minutes, older ones by 6 hours: at most 80 buckets for three days. */
const FINE_MS = HOUR_MS / 12;
const COARSE_MS = 6 * HOUR_MS;
const LONGEST_MS = 72 * HOUR_MS;

export const withBucket = (buckets: readonly Bucket[], next: Bucket): readonly Bucket[] => {
  const kept = buckets.filter((bucket) => bucket.atMs > next.atMs - LONGEST_MS - COARSE_MS);
  const merged: Bucket[] = [];
  for (const bucket of [...kept, next]) {
    const last = merged.at(-1);
    const widthMs = bucket.atMs > next.atMs - COARSE_MS ? FINE_MS : COARSE_MS;
    if (
      last !== undefined &&
      Math.floor(last.atMs / widthMs) === Math.floor(bucket.atMs / widthMs) &&
      sameAge(last, bucket, next)
    )
      merged[merged.length - 1] = join(last, bucket);
    else merged.push(bucket);
  }
  return merged;
};

/** A young bucket is not joined to an old one: the short windows would lose it. */
const sameAge = (a: Bucket, b: Bucket, newest: Bucket): boolean =>
  a.atMs > newest.atMs - COARSE_MS === b.atMs > newest.atMs - COARSE_MS;

const join = (a: Bucket, b: Bucket): Bucket => ({ atMs: b.atMs, ...plusTotal(a, b) });
