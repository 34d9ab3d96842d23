/** Pieces of names: what of a text fits into a DNS-1123 label, and a short hash that keeps cut names apart. */
import { sha256Hex } from './digest.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** 40 bits as 8 letters: live names that share all their cut parts are few, so 2^40 is far beyond a chance clash. */
export const hash8 = (parts: readonly string[]): string => {
  const digest = sha256Hex(JSON.stringify(parts));
  const bits = BigInt(`0x${digest.slice(0, 10)}`);
  return Array.from({ length: 8 }, (_, i) => BASE32[Number((bits >> BigInt(35 - 5 * i)) & 31n)]).join('');
};

const trimHyphens = (text: string): string => text.replace(/^-+|-+$/g, '');

/** A DNS-1123 piece of at most `max` characters; 'x' when nothing of the text fits into one. */
export const slug = (text: string, max: number): string =>
  trimHyphens(trimHyphens(text.toLowerCase().replace(/[^a-z0-9]+/g, '-')).slice(0, max)) || 'x';
