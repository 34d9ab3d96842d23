import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import semver from 'semver';
import type { TagPolicy } from '../../../core/config/events/types.ts';
import { chooseTag, versionOfTag, type TagQuestion } from '../../../core/events/tag-policy.ts';

const choice = (policy: TagPolicy, tags: readonly string[], over: Partial<TagQuestion> = {}) =>
  chooseTag({ policy, tags, builtAtMs: new Map(), proven: [], ...over });

const anySemver: TagPolicy = { semver: '*' };
const builds: TagPolicy = { regex: '^main-[0-9]+$', order: 'numeric' };

describe('the newest tag', () => {
  test.each<[string, TagPolicy, string[], string]>([
    [
      'of semantic versions is the highest, and not the last by name',
      anySemver,
      ['1.10.0', '1.9.0', 'latest'],
      '1.10.0',
    ],
    ['of a range stays within it', { semver: '^1.2.0' }, ['1.2.0', '1.9.1', '2.0.0'], '1.9.1'],
    ['of a range leaves pre-releases out', { semver: '>=1.0.0' }, ['1.0.0', '1.1.0-rc.1'], '1.0.0'],
    ['may begin with v', anySemver, ['v1.0.0', 'v1.0.1'], 'v1.0.1'],
    ['of build numbers compares numbers', builds, ['main-9', 'main-10', 'dev-99'], 'main-10'],
    ['of dates compares text', { regex: '^[0-9-]+$', order: 'alphabetic' }, ['2026-01-09', '2026-01-10'], '2026-01-10'],
  ])('%s', (_, policy, tags, tag) => {
    expect(choice(policy, tags)).toMatchObject({ kind: 'take', tag });
  });

  test('by its build is the one that was built last', () => {
    const builtAtMs = new Map([
      ['z', 1],
      ['a', 2],
    ]);
    expect(choice({ newest: '' }, ['z', 'a'], { builtAtMs })).toMatchObject({ kind: 'take', tag: 'a' });
  });

  test('by its build is refused where one does not say when: unknown is not old', () => {
    expect(choice({ newest: '' }, ['z', 'a'], { builtAtMs: new Map([['z', 1]]) })).toMatchObject({ kind: 'refuse' });
  });

  test('that is proven already is ignored, and told', () => {
    expect(choice(anySemver, ['1.0.0'], { proven: ['1.0.0'] })).toMatchObject({
      kind: 'ignore',
      reason: 'nothing newer: 1.0.0 is proven already',
    });
  });

  test('below the proven one is ignored, also when the proven one has left the registry', () => {
    expect(choice({ semver: '<2' }, ['1.0.0'], { proven: ['2.1.0'] })).toMatchObject({ kind: 'ignore' });
    expect(choice(builds, ['main-9'], { proven: ['main-10'] })).toMatchObject({ kind: 'ignore' });
  });

  test('is not taken where the policy has no order for what is proven', () => {
    for (const policy of [anySemver, builds])
      expect(choice(policy, ['1.0.0', 'main-1'], { proven: ['hotfix'] })).toMatchObject({ kind: 'refuse' });
  });

  test('of no tag at all is ignored with the policy', () => {
    expect(choice(builds, ['latest'])).toMatchObject({
      kind: 'ignore',
      reason: 'no tag fits regex ^main-[0-9]+$ (numeric)',
    });
  });
});

const version = fc.tuple(fc.nat(3), fc.nat(12), fc.nat(12)).map((parts) => parts.join('.'));
const build = fc.nat(2_000).map((n) => `main-${n}`);

describe('by any policy', () => {
  const cases: [string, TagPolicy, fc.Arbitrary<string>, (a: string, b: string) => number][] = [
    ['semver', anySemver, version, (a, b) => semver.compare(a, b)],
    ['regex', builds, build, (a, b) => Number(a.slice(5)) - Number(b.slice(5))],
  ];

  test.each(cases)('%s: nothing below what is proven is ever taken', (_, policy, tag, compare) => {
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 20 }), fc.array(tag, { maxLength: 3 }), (tags, proven) => {
        const chosen = choice(policy, tags, { proven });
        if (chosen.kind === 'take') for (const one of proven) expect(compare(chosen.tag, one)).toBeGreaterThan(0);
      }),
    );
  });

  test.each(cases)('%s: the order of pushes plays no role', (_, policy, tag) => {
    const shuffled = fc
      .uniqueArray(tag, { maxLength: 20 })
      .chain((tags) => fc.tuple(fc.constant(tags), fc.shuffledSubarray(tags, { minLength: tags.length })));
    fc.assert(
      fc.property(shuffled, fc.array(tag, { maxLength: 2 }), ([tags, others], proven) => {
        expect(choice(policy, others, { proven })).toEqual(choice(policy, tags, { proven }));
      }),
    );
  });
});

describe('the version of a tag', () => {
  test('is the tag, wherever that can be a label', () => {
    expect(versionOfTag('v1.2.3-rc.1')).toBe('v1.2.3-rc.1');
  });

  test('is a label for every tag, and tells two tags apart', () => {
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/u);
    fc.assert(
      fc.property(tag, tag, (a, b) => {
        expect(versionOfTag(a)).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/u);
        expect(versionOfTag(a) === versionOfTag(b)).toBe(a === b);
      }),
    );
  });
});
