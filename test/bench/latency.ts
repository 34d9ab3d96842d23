/** Latency of what clients sent in some windows, taken together. */
import { latencyOf } from '../../infra/lab/load/recorder.ts';
import type { Lab } from '../../infra/lab/client.ts';
import type { Span } from './activity-spans.ts';

export interface Latency {
  readonly requests: number;
  /** ms; NaN when nobody answered. */
  readonly p50: number;
  readonly p99: number;
}

/** Width of the load generator's buckets, ms: windows are cut to it. */
const bucketMs = 250;

export async function latencyIn(lab: Lab, windows: readonly Span[]): Promise<Latency & { bins: readonly number[] }> {
  let bins: readonly number[] = [];
  for (const { from, to } of windows) {
    const { latencyBins } = await lab.traffic.report({ since: from, until: to });
    bins = addBins(bins, latencyBins);
  }
  return { ...latencyOfBins(bins), bins };
}

export const addBins = (a: readonly number[], b: readonly number[]): readonly number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));

export function latencyOfBins(bins: readonly number[]): Latency {
  const { p50 = NaN, p99 = NaN } = latencyOf(bins) ?? {};
  return { requests: bins.reduce((sum, count) => sum + count, 0), p50, p99 };
}

/** Windows around the spans, `marginMs` wider on both sides, cut to the whole and joined where they meet. */
export function windowsAround(spans: readonly Span[], { marginMs, whole }: { marginMs: number; whole: Span }): Span[] {
  const joined: Span[] = [];
  const wide = spans
    .map(({ from, to }) => ({ from: Math.max(whole.from, from - marginMs), to: Math.min(whole.to, to + marginMs) }))
    .map(({ from, to }) => ({ from: down(from), to: up(to) }))
    .filter(({ from, to }) => to > from)
    .toSorted((a, b) => a.from - b.from);
  for (const next of wide) {
    const last = joined.at(-1);
    if (last !== undefined && next.from <= last.to)
      joined[joined.length - 1] = { ...last, to: Math.max(last.to, next.to) };
    else joined.push(next);
  }
  return joined;
}

/** What is left of the whole without these windows (in order, disjoint). */
export function without(windows: readonly Span[], whole: Span): Span[] {
  const edges = [up(whole.from), ...windows.flatMap(({ from, to }) => [from, to]), down(whole.to)];
  return Array.from({ length: edges.length / 2 }, (_, i) => ({
    from: edges[2 * i] ?? 0,
    to: edges[2 * i + 1] ?? 0,
  })).filter(({ from, to }) => to > from);
}

const down = (ms: number): number => Math.floor(ms / bucketMs) * bucketMs;
const up = (ms: number): number => Math.ceil(ms / bucketMs) * bucketMs;
