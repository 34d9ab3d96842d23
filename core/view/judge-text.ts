/** What `tidegate judge` prints of looks: a line when something changed, and a summary. Pure: data in, lines out. */
import type { ReplayedLook } from '../judge/look/replay.ts';
import type { SloReading } from '../judge/slo-reading.ts';
import { ofTotal } from '../judge/wording.ts';
import { durationText } from '../values/duration.ts';

const marks = { breach: '✗', healthy: '✓', unknown: '?' } as const;

export const lookLine = ({ atMs, verdict, reason }: ReplayedLook, sinceMs: number): string =>
  `${timeText(atMs)}  ${`+${durationText(atMs - sinceMs)}`.padEnd(9)} ${marks[verdict]} ${verdict.padEnd(7)}  ${reason}`;

/** `2026-11-24 12:02:34Z`: sorts, and names its zone. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;

/** The same news: the same verdict for the same reason, whatever its numbers. */
export const isSameNews = (
  a: Pick<ReplayedLook, 'verdict' | 'reason'>,
  b: Pick<ReplayedLook, 'verdict' | 'reason'>,
): boolean => a.verdict === b.verdict && shapeOf(a.reason) === shapeOf(b.reason);

/** 90 s and 2 min, 1 and 10^9 are the same; what is in brackets, or behind a semicolon, is a detail. */
const shapeOf = (reason: string): string =>
  reason
    .replace(/\([^)]*\)|;.*$/g, '')
    .replace(/(?<![\w-])\d[\d.,^]*(?:e-?\d+)?(?![\w-])/g, '#')
    .replace(/# (?:ms|s|min|h|days)\b/g, '# time')
    .trim();

export interface Tally {
  readonly looks: number;
  /** The first look of each kind; missing: none. */
  readonly first: Partial<Record<ReplayedLook['verdict'], ReplayedLook>>;
  readonly last: ReplayedLook | undefined;
}

export const noLooks: Tally = { looks: 0, first: {}, last: undefined };

export const withReplayed = ({ looks, first }: Tally, look: ReplayedLook): Tally => ({
  looks: looks + 1,
  first: { [look.verdict]: look, ...first },
  last: look,
});

/** The verdict of the whole replay: a breach stays one, whatever came after. */
export const endOf = ({ first, last }: Tally): ReplayedLook['verdict'] =>
  first.breach === undefined ? (last?.verdict ?? 'unknown') : 'breach';

export const summaryLines = (tally: Tally, { judge, sinceMs }: { judge: string; sinceMs: number }): string[] => {
  const { looks, first, last } = tally;
  const after = (look: ReplayedLook | undefined, name: string): string[] =>
    look === undefined
      ? [`  no look was ${name}`]
      : [`  ${name} first after ${durationText(look.atMs - sinceMs)} (${timeText(look.atMs)})`];
  return [
    `${endOf(tally).toUpperCase()} in the end: ${looks} ${looks === 1 ? 'look' : 'looks'} of the ${judge} judge`,
    ...after(first.breach, 'breach'),
    ...after(first.healthy, 'healthy'),
    ...(last?.readings ?? []).map(readingLine),
  ];
};

const readingLine = (reading: SloReading): string => {
  const { verdict, slo, cluster, newBad, newTotal, oldBad, oldTotal, shadow, judge } = reading;
  const where = cluster === '*' ? 'all clusters' : cluster;
  const old = oldTotal === 0 ? '' : `, old ${ofTotal(oldBad, oldTotal)}`;
  return `  ${marks[verdict]} ${slo}, ${where}: new ${ofTotal(newBad, newTotal)}${old}${shadow ? ` (${judge ?? 'threshold'}, only reports)` : ''}`;
};
