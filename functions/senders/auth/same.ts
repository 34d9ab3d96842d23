/** Secrets and signatures as they come: one text for each, compared in a time that says nothing about them. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Equal lengths, whatever was sent. */
const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

/** Does one of the wanted texts equal the given one? All of them are compared, so that no order shows either. */
export const isOneOf = (given: string, wanted: readonly string[]): boolean => {
  const sought = digest(given);
  return wanted.filter((one) => one !== '' && timingSafeEqual(sought, digest(one))).length > 0;
};

/** Node decodes what is no base64 as well as it can: then many texts would be the same secret. undefined = it is none. */
export function bytesOfBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
