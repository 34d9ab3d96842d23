/** Scales and ticks of a small chart as SVG text. Pure. */
import { durationText } from '../values/duration.ts';

/** A plot's place, px. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type Scale = (value: number) => number;

/** Values outside of the domain go beyond the range: clip them. */
export const scaleOf = (
  [from, to]: readonly [from: number, to: number],
  [start, end]: readonly [start: number, end: number],
): Scale => {
  const per = (end - start) / (to - from || 1);
  return (value) => rounded(start + (value - from) * per);
};

/** A tenth of a pixel: files stay small, and equal data give equal bytes. */
const rounded = (px: number): number => Math.round(px * 10) / 10;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const steps = [1, 2, 5, 10, 15, 30].flatMap((n) => [n * SECOND, n * MINUTE]);
const timeSteps = [...steps, ...[1, 2, 3, 6, 12, 24, 48].map((n) => n * HOUR)].sort((a, b) => a - b);
const MOST_TICKS = 8;

export const timeTicks = (endMs: number): number[] => {
  const step = timeSteps.find((one) => endMs / one <= MOST_TICKS) ?? 48 * HOUR;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, i) => i * step);
};

/** Round numbers from the lower to the upper end, five at most or so. */
export const valueTicks = (from: number, to: number): number[] => {
  const rough = (to - from) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((one) => one >= rough) ?? 10 * power;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(6)),
  );
};

/** Powers of two, every one or every other. */
export const ratioTicks = (from: number, to: number): number[] => {
  const [first, last] = [Math.ceil(Math.log2(from)), Math.floor(Math.log2(to))];
  const step = last - first > 6 ? 2 : 1;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    .filter((exponent) => exponent % step === 0)
    .map((exponent) => 2 ** exponent);
};

export const horizontalGrid = (
  plot: Plot,
  ticks: readonly number[],
  y: Scale,
  label: (tick: number) => string,
): string =>
  ticks
    .map(
      (tick) =>
        `<path class="grid" d="M${plot.left} ${y(tick)}H${plot.right}"/>` +
        `<text class="tick" x="${plot.left - 8}" y="${rounded(y(tick) + 4)}" text-anchor="end">${label(tick)}</text>`,
    )
    .join('\n');

export const timeAxis = (plot: Plot, endMs: number, x: Scale): string =>
  timeTicks(endMs)
    .map(
      (ms) =>
        `<text class="tick" x="${x(ms)}" y="${plot.bottom + 20}" text-anchor="middle">${ms === 0 ? '0' : durationText(ms)}</text>`,
    )
    .join('\n');

export const pathOf = (points: readonly (readonly [x: number, y: number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one] ?? '');
