/** Latency of what clients sent in some windows, taken together. */
import { latencyOf } from '../../infra/lab/load/recorder.ts';
import type { Lab } from '../../infra/lab/client.ts';
import type { Span } from './activity-spans.ts';
import { median } from './statistics.ts';

export interface Latency {
  readonly requests: number;
  /** ms over all requests of the windows; NaN when nobody answered. */
  readonly p50: number;
  readonly p99: number;
  /** Median of the p99 of each second: one bad second of the machine does not decide it. */
  readonly usualP99: number;
}

/** Latencies of one second, or the rest of a window, in the load generator's bins. */
export type Slice = readonly number[];

/** Width of the load generator's buckets, ms: windows are cut to it. */
const bucketMs = 250;
const sliceMs = 1_000;

export async function slicesIn(lab: Lab, windows: readonly Span[]): Promise<Slice[]> {
  const slices: Slice[] = [];
  for (const { from, to } of windows)
    for (let since = from; since < to; since += sliceMs)
      slices.push((await lab.traffic.report({ since, until: Math.min(to, since + sliceMs) })).latencyBins);
  return slices;
}

export function latencyOfSlices(slices: readonly Slice[]): Latency {
  const [first = []] = slices;
  const all = first.map((_, bin) => slices.reduce((sum, slice) => sum + (slice[bin] ?? 0), 0));
  const { p50 = NaN, p99 = NaN } = latencyOf(all) ?? {};
  const each = slices.flatMap((slice) => latencyOf(slice)?.p99 ?? []);
  return { requests: all.reduce((sum, count) => sum + count, 0), p50, p99, usualP99: median(each) };
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
