import { describe, expect, it } from '@jest/globals';
import { createTurns } from '../../../activities/apply/many/turns.ts';

describe('turns', () => {
  it('are given in the order of asking, so many at a time, and a failure gives its turn back', async () => {
    const turns = createTurns(2);
    const log: string[] = [];
    let [now, most] = [0, 0];
    const work = (name: string) =>
      turns.take(async () => {
        most = Math.max(most, ++now);
        log.push(name);
        await Promise.resolve();
        now -= 1;
        if (name === 'b') throw new Error(name);
        return name;
      });
    const ends = await Promise.allSettled(['a', 'b', 'c', 'd'].map(work));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect([log, most]).toEqual([['a', 'b', 'c', 'd'], 2]);
  });
});
