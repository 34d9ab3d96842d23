/**
 * What the Temporal UI shows well, and what its server takes: a summary above 400 bytes, or details above 20 000, would fail
 * the task of a workflow for ever; details travel to the page in a URL.
 */
import { shortened } from '../values/shortened.ts';

/** Of details, bytes of UTF-8. */
const DETAILS_BYTES = 4_000;
/** Of a summary, characters: the bars of the timeline show no more. */
const SUMMARY_CHARACTERS = 120;
/** Of a search attribute that is a word, characters: stores on SQL take 255. */
const KEYWORD_CHARACTERS = 200;
/** Words of a list in a search attribute. */
const KEYWORDS = 20;

export const summaryText = (text: string): string => shortened(text, SUMMARY_CHARACTERS);

export const keyword = (text: string): string => shortened(text, KEYWORD_CHARACTERS);

export const keywords = (texts: readonly string[]): string[] =>
  texts.length <= KEYWORDS
    ? texts.map(keyword)
    : [...texts.slice(0, KEYWORDS - 1).map(keyword), `and ${texts.length - KEYWORDS + 1} more`];

/** `a, b, c and 197 more`. */
export const listed = (names: readonly string[], most = 3): string =>
  names.length <= most + 1 ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;

/** Whole lines, as many as fit: markdown that ends within a table row or a link is shown as rubble. */
export function fittingLines(lines: readonly string[]): string {
  const left = { bytes: DETAILS_BYTES - bytesOf('\n…') };
  const cut = lines.findIndex((line) => (left.bytes -= bytesOf(line) + 1) < 0);
  return cut === -1 ? lines.join('\n') : [...lines.slice(0, cut), '…'].join('\n');
}

const bytesOf = (text: string): number =>
  [...text].reduce((sum, one) => {
    const point = one.codePointAt(0) ?? 0;
    return sum + (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
  }, 0);
