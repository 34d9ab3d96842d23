/** Comparison of secrets in a time that says nothing about them. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Equal lengths, whatever was sent. */
const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

/** Does one of the wanted texts equal the given one? All of them are compared, so that no order shows either. */
export const isOneOf = (given: string, wanted: readonly string[]): boolean => {
  const sought = digest(given);
  return wanted.filter((one) => one !== '' && timingSafeEqual(sought, digest(one))).length > 0;
};
