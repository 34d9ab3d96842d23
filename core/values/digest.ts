/**
 * SHA-256 in plain TypeScript: core has no built-ins, and a workflow's sandbox has no crypto. Names and digests need a
 * hash that is the same in every place that computes it; nothing here guards a secret.
 */

const FIRST_PRIMES = 64;

const primes = (): number[] => {
  const found: number[] = [];
  for (let n = 2; found.length < FIRST_PRIMES; n += 1) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
};

/** First 32 bits of the fractional part, as FIPS 180-4 derives its constants. */
const fraction = (x: number): number => ((x - Math.floor(x)) * 2 ** 32) | 0;

const ROUND = primes().map((p) => fraction(Math.cbrt(p)));
const START = primes()
  .slice(0, 8)
  .map((p) => fraction(Math.sqrt(p)));

const utf8 = (text: string): number[] => {
  const bytes: number[] = [];
  for (const character of text.toWellFormed()) {
    const c = character.codePointAt(0) ?? 0;
    if (c < 0x80) bytes.push(c);
    else if (c < 0x800) bytes.push(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x10000) bytes.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else bytes.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
  }
  return bytes;
};

/** The message as big-endian 32-bit words, padded to whole blocks of 16. */
const paddedWords = (bytes: readonly number[]): Int32Array => {
  const words = new Int32Array((((bytes.length + 8) >> 6) + 1) * 16);
  const put = (index: number, byte: number): void => {
    words[index >> 2] = (words[index >> 2] ?? 0) | (byte << (24 - 8 * (index & 3)));
  };
  bytes.forEach((byte, index) => put(index, byte));
  put(bytes.length, 0x80);
  words[words.length - 2] = Math.floor(bytes.length / 2 ** 29);
  words[words.length - 1] = bytes.length << 3;
  return words;
};

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

const schedule = (block: Int32Array): Int32Array => {
  const w = new Int32Array(64);
  w.set(block);
  const at = (i: number): number => w[i] ?? 0;
  for (let i = 16; i < 64; i += 1) {
    const s0 = rotate(at(i - 15), 7) ^ rotate(at(i - 15), 18) ^ (at(i - 15) >>> 3);
    const s1 = rotate(at(i - 2), 17) ^ rotate(at(i - 2), 19) ^ (at(i - 2) >>> 10);
    w[i] = at(i - 16) + s0 + at(i - 7) + s1;
  }
  return w;
};

type State = [number, number, number, number, number, number, number, number];

const compress = (state: State, block: Int32Array): State => {
  let [a, b, c, d, e, f, g, h] = state;
  schedule(block).forEach((word, i) => {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUND[i] ?? 0) + word) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  });
  return [a, b, c, d, e, f, g, h].map((x, i) => (x + (state[i] ?? 0)) | 0) as State;
};

/** SHA-256 of the text's UTF-8 bytes as 64 hex digits. */
export const sha256Hex = (text: string): string => {
  const words = paddedWords(utf8(text));
  let state = START as State;
  for (let i = 0; i < words.length; i += 16) state = compress(state, words.subarray(i, i + 16));
  return state.map((x) => (x >>> 0).toString(16).padStart(8, '0')).join('');
};
