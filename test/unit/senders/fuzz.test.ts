/** Requests of strangers: one that was changed after it was signed is never let in, and none makes a sender fail. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { senders } from '../../../functions/senders/index.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import { type Case, configOf, nameOf, oneOfEach, requestOf, signedRequest, toolsOf } from './cases.ts';

/** Inputs per sender, half of them of each kind. */
const numRuns = process.env['TIDEGATE_TESTS'] === 'full' ? 50_000 : 1_000;
/** A full run takes a minute per sender on a busy machine. */
const TIMEOUT_MS = 600_000;
const credentialHeaders = /^(?:authorization|x-.*(?:signature|token|auth|key).*|webhook-.*|x-slack-.*)$/;

async function outcomeOf(one: Case, request: ReturnType<typeof requestOf>): Promise<number> {
  try {
    const reception = await senders[one.make](request, configOf(one), toolsOf(one));
    return reception.kind === 'answer' ? reception.status : 202;
  } catch (error) {
    if (error instanceof HttpProblem) return error.status;
    throw error;
  }
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });

describe.each(oneOfEach.map((one) => [nameOf(one), one] as const))('%s', (_, one) => {
  const right = requestOf(one);

  /** Body (where it is signed), credentials or the secret of the URL: always changed. */
  const mutation = fc.record({
    at: fc.nat(),
    junk: bytes,
    what: fc.constantFrom(...(one.signsBody ? ['insert', 'flip', 'cut', 'header'] : ['header'])),
    text: fc.string({
      unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
      maxLength: 60,
    }),
  });

  it(
    'is never let in once it was changed after it was signed',
    async () => {
      const names = [...right.headers.keys()].filter((name) => credentialHeaders.test(name) && name !== 'x-event-key');
      await fc.assert(
        fc.asyncProperty(mutation, async ({ at, junk, what, text }) => {
          const headers = new Headers(right.headers);
          const body = Buffer.from(right.body);
          const place = at % (body.length + 1);
          let url = right.url;
          let sent: Uint8Array = body;
          if (what === 'insert') sent = Buffer.concat([body.subarray(0, place), junk, body.subarray(place)]);
          else if (what === 'cut') sent = body.subarray(0, at % body.length);
          else if (what === 'flip') {
            sent = Uint8Array.from(body);
            sent[at % body.length] = (sent[at % body.length] ?? 0) ^ (((junk[0] ?? 0) % 255) + 1);
          } else if (names.length === 0)
            url = new URL(`https://tidegate.example.com/events/${one.make}/x${encodeURIComponent(text)}`);
          else {
            const name =
              names.filter((known) => !/uuid|delivery|event$/.test(known))[at % names.length] ?? names[0] ?? '';
            const value = headers.get(name) ?? '';
            const cut = value.slice(0, at % value.length);
            headers.set(name, at % 2 === 0 ? `${cut}${text}` : text);
            if (headers.get(name) === value) return;
          }
          const status = await outcomeOf(one, { ...right, headers, body: sent, url });
          if (status !== 401) throw new Error(`${status} for a changed request`);
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'never fails, whatever somebody who knows the secret sends',
    async () => {
      const text = Buffer.from(right.body).toString('utf8');
      const shaped = fc.json({ maxDepth: 4 });
      const damaged = fc
        .tuple(fc.nat(), fc.nat(30), fc.constantFrom('', '"', 'null', '[', '{}', '-1', '\u0000', '"\\ud800"'))
        .map(([at, length, scrap]) => {
          const place = at % text.length;
          return text.slice(0, place) + scrap + text.slice(place + length);
        });
      await fc.assert(
        fc.asyncProperty(fc.oneof(damaged, shaped, fc.string({ unit: 'binary' })), async (body) => {
          const status = await outcomeOf(one, signedRequest(one, body));
          if (![200, 202, 400, 403, 413, 415].includes(status)) throw new Error(String(status));
        }),
        { numRuns },
      );
      expect(await outcomeOf(one, right)).toBeLessThan(300);
    },
    TIMEOUT_MS,
  );
});
