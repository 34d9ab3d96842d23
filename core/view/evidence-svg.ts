/**
 * Evidence as a picture: the e-value with the line from which it is a breach, and below it how many times as often the
 * new version fails, with the interval that holds at every look. One file, no script, readable on light and dark. Pure.
 */
import { ofTotal } from '../judge/wording.ts';
import { evidenceRange, thinned, trackName, type EvidenceRow, type EvidenceTrack } from './evidence-track.ts';
import {
  escaped,
  horizontalGrid,
  pathOf,
  ratioTicks,
  scaleOf,
  timeAxis,
  valueTicks,
  type Plot,
  type Scale,
} from './svg-axes.ts';
import { durationText } from '../values/duration.ts';

/** A moment that is marked: when the judge first said so. */
export interface Mark {
  readonly afterMs: number;
  readonly verdict: 'breach' | 'healthy';
}

export interface Picture {
  readonly track: EvidenceTrack;
  readonly service: string;
  readonly versions: { readonly new: string; readonly old: string };
  /** When and by which judge: one line. */
  readonly subtitle: string;
  readonly marks: readonly Mark[];
  readonly warmUpMs: number;
}

const WIDTH = 760;
const HEIGHT = 512;
const POINTS = 400;
const upper: Plot = { left: 64, right: 736, top: 104, bottom: 254 };
const lower: Plot = { left: 64, right: 736, top: 334, bottom: 460 };
/** Ratios that are worth a picture. */
const LOWEST = 1 / 16;
const HIGHEST = 64;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2937 }
.title { font-size: 17px; font-weight: 600 }
.label { font-weight: 600 }
.tick, .note { font-size: 12px; fill: #4b5563 }
.paper { fill: #ffffff }
.grid { stroke: #e5e7eb }
.warm { fill: #f3f4f6 }
.e, .ratio { fill: none; stroke: #2563eb; stroke-width: 2; stroke-linejoin: round }
.band { fill: #2563eb; fill-opacity: .16 }
.even { stroke: #6b7280; stroke-dasharray: 2 3 }
.needed, .breach { stroke: #dc2626; stroke-width: 1.5 }
.needed { stroke-dasharray: 7 4 }
.healthy { stroke: #15803d; stroke-width: 1.5 }
text.needed, text.breach { fill: #b91c1c; stroke: none }
text.healthy { fill: #15803d; stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #e5e7eb }
.tick, .note { fill: #9ca3af }
.paper { fill: #111827 }
.grid { stroke: #374151 }
.warm { fill: #1f2937 }
.e, .ratio { stroke: #60a5fa }
.band { fill: #60a5fa; fill-opacity: .22 }
.even { stroke: #9ca3af }
.needed, .breach { stroke: #f87171 }
.healthy { stroke: #4ade80 }
text.needed, text.breach { fill: #fca5a5 }
text.healthy { fill: #4ade80 }
}`;

export const evidenceSvg = (picture: Picture): string => {
  const { track, service, versions, subtitle } = picture;
  const endMs = track.rows.at(-1)?.afterMs ?? 0;
  const x = scaleOf([0, endMs], [upper.left, upper.right]);
  const name = escaped(
    `${service} ${versions.new}${versions.old === '' ? '' : ` against ${versions.old}`}: ${trackName(track)}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="t d">
<title id="t">${name}</title>
<desc id="d">${escaped(`${subtitle}. ${countsText(picture)}`)}</desc>
<style>${STYLE}
</style>
<defs><clipPath id="u">${boxOf(upper)}</clipPath><clipPath id="l">${boxOf(lower)}</clipPath></defs>
<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="8"/>
<text class="title" x="${upper.left}" y="32">${name}</text>
<text class="note" x="${upper.left}" y="53">${escaped(subtitle)}</text>
${evidencePanel(picture, x)}
${ratioPanel(picture, x)}
${marksOf(picture.marks, x)}
${timeAxis(lower, endMs, x)}
</svg>
`;
};

const evidencePanel = ({ track: { rows }, versions, warmUpMs }: Picture, x: Scale): string => {
  const { top, bottom } = evidenceRange(rows);
  const y = scaleOf([bottom, top], [upper.bottom, upper.top]);
  const needed = rows.at(-1)?.log10Needed ?? 0;
  const points = thinned(rows, POINTS).map(({ afterMs, log10E }) => [x(afterMs), y(log10E)] as const);
  const isWorse = `${versions.new} is worse${versions.old === '' ? '' : ` than ${versions.old}`}`;
  return `${labelOf(upper, `log10 of the e-value: evidence that ${isWorse}`)}
${warmUpOf(upper, warmUpMs, x)}
${horizontalGrid(upper, valueTicks(bottom, top), y, String)}
<path class="needed" d="M${upper.left} ${y(needed)}H${upper.right}"/>
<text class="note needed" x="${upper.left + 8}" y="${y(needed) - 6}">a breach from ${needed} on</text>
<path class="e" clip-path="url(#u)" d="${pathOf(points)}"/>`;
};

const ratioPanel = (picture: Picture, x: Scale): string => {
  const { rows } = picture.track;
  const drawn = thinned(rows, POINTS);
  const known = drawn.flatMap(({ ratio, low, high }) => [ratio, low, high]).filter((one) => one !== null);
  const from = Math.max(LOWEST, Math.min(0.5, ...known) / 1.2);
  const to = Math.min(HIGHEST, Math.max(4, ...known) * 1.2);
  const log = scaleOf([Math.log(from), Math.log(to)], [lower.bottom, lower.top]);
  const y: Scale = (ratio) => log(Math.log(ratio));
  return `${labelOf(lower, 'Odds of a bad request, new : old, and the interval that holds at every look')}
<text class="note" x="${lower.right}" y="${lower.bottom + 42}" text-anchor="end">${escaped(countsText(picture))}</text>
${warmUpOf(lower, picture.warmUpMs, x)}
${horizontalGrid(lower, ratioTicks(from, to), y, (tick) => (tick < 1 ? `1/${1 / tick}` : String(tick)))}
<path class="band" clip-path="url(#l)" d="${bandOf(drawn, x, y)}"/>
<path class="even" d="M${lower.left} ${y(1)}H${lower.right}"/>
<path class="ratio" clip-path="url(#l)" d="${pathOf(ratioPoints(drawn, x, y))}"/>`;
};

/** No bound: beyond the picture. */
const bandOf = (rows: readonly EvidenceRow[], x: Scale, y: Scale): string => {
  const above = rows.map(({ afterMs, high }) => [x(afterMs), y(high ?? HIGHEST * 2)] as const);
  const below = rows.map(({ afterMs, low }) => [x(afterMs), y(low ?? LOWEST / 2)] as const);
  return `${pathOf([...above, ...below.toReversed()])}Z`;
};

const ratioPoints = (rows: readonly EvidenceRow[], x: Scale, y: Scale): (readonly [number, number])[] =>
  rows.flatMap(({ afterMs, ratio }) => (ratio === null ? [] : [[x(afterMs), y(ratio)] as const]));

const countsText = ({ track: { last }, versions }: Picture): string => {
  const old = versions.old === '' ? '' : `, ${versions.old} ${ofTotal(last.oldBad, last.oldTotal)}`;
  return `bad requests in the end: ${versions.new} ${ofTotal(last.newBad, last.newTotal)}${old}`;
};

/** Narrower than this, two texts of marks would touch, px. */
const MARK_WIDTH = 150;

const marksOf = (marks: readonly Mark[], x: Scale): string =>
  marks
    .map((mark, i) => {
      const before = marks[i - 1];
      const isNear = before !== undefined && Math.abs(x(mark.afterMs) - x(before.afterMs)) < MARK_WIDTH;
      return markOf(mark, x(mark.afterMs), upper.bottom + (isNear ? 34 : 18));
    })
    .join('\n');

/** Text between the plots: on a curve it would be hard to read. */
const markOf = ({ afterMs, verdict }: Mark, at: number, y: number): string => {
  const anchor = at > upper.right - MARK_WIDTH / 2 ? 'end' : at < upper.left + MARK_WIDTH / 2 ? 'start' : 'middle';
  return (
    `<path class="${verdict}" d="M${at} ${upper.top}V${upper.bottom}M${at} ${lower.top}V${lower.bottom}"/>` +
    `<text class="${verdict}" x="${at}" y="${y}" text-anchor="${anchor}">${verdict} after ${durationText(afterMs)}</text>`
  );
};

const labelOf = ({ left, top }: Plot, text: string): string =>
  `<text class="label" x="${left}" y="${top - 14}">${escaped(text)}</text>`;

const warmUpOf = ({ left, top, bottom }: Plot, warmUpMs: number, x: Scale): string =>
  warmUpMs === 0
    ? ''
    : `<rect class="warm" x="${left}" y="${top}" width="${Math.max(0, Math.min(x(warmUpMs), upper.right) - left)}" height="${bottom - top}"/>` +
      (top === upper.top ? `<text class="note" x="${left + 8}" y="${(top + bottom) / 2}">warm-up</text>` : '');

const boxOf = ({ left, right, top, bottom }: Plot): string =>
  `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/>`;
