/**
 * JSON from strangers. JSON.parse lets the later one of two equal keys win, so that two readers of one signed text may see
 * two things, and it takes any depth: both are refused here, before anything is built. Numbers beyond 2^53 lose digits.
 */
import { shortened } from '../../config/problem.ts';
import { eventLimits } from './limits.ts';

export type ReadJson = { readonly value: unknown } | { readonly reason: string };

export function readJson(bytes: Uint8Array): ReadJson {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { reason: 'is not UTF-8 text' };
  }
  const reason = faultOf(text);
  if (reason !== '') return { reason };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { reason: 'is not JSON' };
  }
}

/** Of text that is JSON; of other text it says anything, and JSON.parse has the last word. '' = nothing is wrong. */
function faultOf(text: string): string {
  /** The keys of each open object; null: a list. */
  const open: (Set<string> | null)[] = [];
  let isKeyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') {
      if (open.length === eventLimits.depth) return `is nested deeper than ${eventLimits.depth} levels`;
      open.push(character === '{' ? new Set() : null);
      isKeyNext = character === '{';
    } else if (character === '}' || character === ']') {
      open.pop();
      isKeyNext = false;
    } else if (character === ',') {
      isKeyNext = open.at(-1) instanceof Set;
    } else if (character === '"') {
      const end = endOfString(text, at);
      const keys = isKeyNext ? open.at(-1) : null;
      if (keys instanceof Set) {
        const key = unescaped(text.slice(at, end + 1));
        if (keys.has(key)) return `has the key ${JSON.stringify(shortened(key))} twice in one object`;
        keys.add(key);
        isKeyNext = false;
      }
      at = end;
    }
  }
  return '';
}

/** Place of the closing quote; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Two spellings of a key are one key. */
function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    // The text is no JSON then, which is said of the whole.
    return quoted;
  }
}
