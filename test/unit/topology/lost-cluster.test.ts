/** A quorum says that a cluster is lost: no source alone does, and what cannot say has no vote. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  apiVote,
  evidenceText,
  judgeCluster,
  type Evidence,
  type Probes,
} from '../../../core/topology/lost-cluster.ts';
import { BACK_MS, newsOf, seenAnew, type Seen } from '../../../core/topology/watched.ts';

const vote = fc.constantFrom('gone' as const, 'well' as const, 'unknown' as const);
const evidence = fc.record({ api: vote, calls: vote, person: fc.boolean() });

const against = ({ api, calls, person }: Evidence): number =>
  [api, calls].filter((one) => one === 'gone').length + (person ? 1 : 0);

describe('a cluster', () => {
  it.each([
    ['its API server is down, and calls are answered', 'gone', 'well', false, 'suspected'],
    ['its API server is down, and Prometheus with it', 'gone', 'unknown', false, 'suspected'],
    ['calls fail, and its API server answers: pods of one zone, or a bad version', 'well', 'gone', false, 'suspected'],
    ['calls fail, and the worker is cut off', 'unknown', 'gone', false, 'suspected'],
    ['nobody can say', 'unknown', 'unknown', false, 'unknown'],
    ['all is well', 'well', 'unknown', false, 'well'],
    ['all is well, and Prometheus says so', 'well', 'well', false, 'well'],
    ['the worker is cut off, and calls are answered', 'unknown', 'well', false, 'well'],
    ['both say so', 'gone', 'gone', false, 'lost'],
    ['a person says so, and its API server is silent', 'gone', 'unknown', true, 'lost'],
    ['a person says so, and calls fail', 'unknown', 'gone', true, 'lost'],
    ['a person says so, calls fail, and only its API server answers', 'well', 'gone', true, 'lost'],
    ['a person alone says so', 'unknown', 'unknown', true, 'suspected'],
    ['a person says so, and its API server answers', 'well', 'unknown', true, 'suspected'],
    ['a person says so, its API server is silent, and calls are answered', 'gone', 'well', true, 'suspected'],
  ] as const)('%s', (_, api, calls, person, expected) => {
    expect(judgeCluster({ api, calls, person })).toBe(expected);
  });

  it('is lost by two sources at least, and never while its calls are answered', () => {
    fc.assert(
      fc.property(evidence, (given) => {
        if (judgeCluster(given) !== 'lost') return;
        expect(against(given)).toBeGreaterThanOrEqual(2);
        expect(given.calls).not.toBe('well');
      }),
    );
  });

  it('is not judged better by a source that falls silent, nor lost by it', () => {
    fc.assert(
      fc.property(evidence, fc.constantFrom('api' as const, 'calls' as const), (given, source) => {
        const [before, without] = [judgeCluster(given), judgeCluster({ ...given, [source]: 'unknown' as const })];
        if (given[source] === 'gone') expect(without === 'lost' && before !== 'lost').toBe(false);
        // Only whoever says that it is well has kept it from being lost.
        if (without === 'lost' && before !== 'lost') expect(given[source]).toBe('well');
        if (given[source] === 'gone' && before === 'lost') expect(without).not.toBe('well');
      }),
    );
  });

  it('has its evidence told in one sentence', () => {
    expect(
      evidenceText(
        { api: 'gone', calls: 'gone', person: true },
        { api: 'ECONNREFUSED', calls: 'aws: 0 of 40 answered' },
      ),
    ).toBe(
      'its API server does not answer (ECONNREFUSED); calls to it fail (aws: 0 of 40 answered); a person says that it is lost',
    );
  });
});

describe('an API server', () => {
  const well: Probes = { answeredAtMs: 9_000, silentSinceMs: null, silent: 0 };
  const silent: Probes = { answeredAtMs: 1_000, silentSinceMs: 5_000, silent: 4 };

  it.each([
    [
      'is gone after three questions over three seconds, while the others answer',
      { a: silent, b: well, c: well },
      'gone',
    ],
    ['says nothing after two', { a: { ...silent, silent: 2 }, b: well, c: well }, 'unknown'],
    ['says nothing within three seconds', { a: { ...silent, silentSinceMs: 8_000 }, b: well, c: well }, 'unknown'],
    ['is gone while half of the others answer', { a: silent, b: well, c: silent }, 'gone'],
    ['says nothing to a worker that reaches nobody', { a: silent, b: silent, c: silent }, 'unknown'],
    ['says nothing to a worker that reaches less than half', { a: silent, b: silent, c: silent, d: well }, 'unknown'],
    ['says nothing where there is nobody to compare with', { a: silent }, 'unknown'],
    ['says nothing before it was asked', { a: { ...well, answeredAtMs: 0 }, b: well }, 'unknown'],
    ['is well by one answer', { a: well, b: silent }, 'well'],
  ] as const)('%s', (_, all, expected) => {
    expect(apiVote(all, { cluster: 'a', nowMs: 10_000 })).toBe(expected);
  });
});

describe('news of a cluster', () => {
  const seen = (judgement: Seen['judgement'], sinceMs: number, looks = 5): Seen => ({
    ...{ cluster: 'a', judgement, sinceMs, looks, text: '' },
  });
  const told = (judgement: Seen['judgement'], movedAtMs = 0, atMs = 800) => ({
    told: [{ cluster: 'a', judgement, atMs, movedAtMs }],
  });
  const isNews = (one: Seen, before: ReturnType<typeof told>, nowMs: number): boolean =>
    newsOf([one], { ...before, nowMs }).length > 0;

  it('is that it is lost, at the second look', () => {
    expect([1, 2].map((looks) => isNews(seen('lost', 1_000, looks), told('well'), 1_500))).toEqual([false, true]);
  });

  it('is a suspicion that lasts, and none that passes', () => {
    expect([10_000, 31_000].map((now) => isNews(seen('suspected', 1_000), told('well'), now))).toEqual([false, true]);
  });

  it('is that it is back, once it has been well for five minutes; doubts about one that is lost are none', () => {
    expect(isNews(seen('well', 1_000), told('lost', 900), BACK_MS)).toBe(false);
    expect(isNews(seen('well', 1_000), told('lost', 900), 1_000 + BACK_MS)).toBe(true);
    expect(isNews(seen('suspected', 1_000), told('lost', 900), 1_000 + BACK_MS)).toBe(false);
  });

  it('is that it is lost again, when calls fail there five minutes after they were moved', () => {
    expect(isNews(seen('lost', 1_000), told('lost', 900), BACK_MS)).toBe(false);
    expect(isNews(seen('lost', 1_000), told('lost', 900), 900 + BACK_MS)).toBe(true);
  });

  it('is that it is lost again, also where nobody has told yet that they were moved, once in five minutes', () => {
    const again = newsOf([seen('lost', 1_000)], { ...told('lost'), nowMs: 800 + BACK_MS });
    expect(again).toMatchObject([{ judgement: 'lost', sinceMs: 800 + BACK_MS }]);
    const [{ sinceMs = 0 } = {}] = again;
    expect(isNews(seen('lost', 1_000), told('lost', 0, sinceMs), sinceMs + 1_000)).toBe(false);
    expect(isNews(seen('lost', 1_000, 1), told('lost'), 800 + BACK_MS)).toBe(false);
  });

  it('counts looks in a row, from the first that judged so', () => {
    const first = seenAnew(seen('well', 1_000), { judgement: 'lost', text: 'x', nowMs: 2_000 });
    expect([first, seenAnew(first, { judgement: 'lost', text: 'y', nowMs: 3_000 })]).toMatchObject([
      { judgement: 'lost', sinceMs: 2_000, looks: 1 },
      { judgement: 'lost', sinceMs: 2_000, looks: 2, text: 'y' },
    ]);
  });
});
