/** A token that is renewed before its end, by a cloud that may hang. */
import { describe, expect, it } from '@jest/globals';
import { createTokenCache, type Token } from '../../../platform/cloud/token-cache.ts';
import { assertEventually } from '../../support/eventually.ts';

/** The first token is there, good until 100 s; the cloud hangs over the second one until `answer`. */
async function hanging(nowMs: () => number) {
  const { promise, resolve: answer } = Promise.withResolvers<Token>();
  const answers = [Promise.resolve({ value: 'first', expiresAtMs: 100_000 }), promise];
  const tokens = createTokenCache(() => answers.shift() ?? Promise.reject(new RangeError('asked too often')), nowMs);
  await tokens.get();
  return { tokens, answer };
}

describe('a token', () => {
  it('that is still good is used after 2 s where the cloud hangs, and the next one as soon as it comes', async () => {
    let nowMs = 0;
    const { tokens, answer } = await hanging(() => nowMs);
    nowMs = 50_000;
    const startedAt = performance.now();
    expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(['first', 'first']);
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    answer({ value: 'second', expiresAtMs: 500_000 });
    await assertEventually(async () => expect(await tokens.get()).toBe('second'));
  });

  it('that was refused meanwhile is used no more, however long the next one takes', async () => {
    const { tokens, answer } = await hanging(() => 50_000);
    const waiting = tokens.get();
    tokens.refused('first');
    answer({ value: 'second', expiresAtMs: 500_000 });
    expect(await waiting).toBe('second');
  });
});
