import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseConfig } from '../../../core/config/parse.ts';
import type { ConfigProblem } from '../../../core/config/problem.ts';
import { meshText, serviceText, sloText } from './documents.ts';

const problemsOf = (service: string): readonly ConfigProblem[] => {
  const parsed = parseConfig([
    { path: 'mesh.yaml', text: meshText },
    { path: 'service.yaml', text: service },
  ]);
  return parsed.ok ? [] : parsed.problems;
};

describe('parseConfig on files that nobody should write', () => {
  it('refuses a file above the size limit and more files than the limit, without reading on', () => {
    const large = parseConfig([{ path: 'large.yaml', text: '#'.repeat(1_048_577) }]);
    expect(large).toMatchObject({ ok: false, problems: [{ file: 'large.yaml', line: 1 }] });
    const many = parseConfig(Array.from({ length: 201 }, (_, index) => ({ path: `f${String(index)}.yaml`, text: '' })));
    expect(many).toMatchObject({ ok: false, problems: [{ reason: 'there are 201 files, more than 200' }] });
  });

  it('names the first unknown keys and counts the rest, so a file of another kind ends in a readable list', () => {
    const keys = Array.from({ length: 4000 }, (_, index) => `  key${String(index)}: 1\n`).join('');
    const problems = problemsOf(serviceText(keys));
    expect(problems).toHaveLength(101);
    expect(problems[0]).toMatchObject({ line: 4, path: 'spec', reason: 'has 3900 more unknown keys' });
  });

  it('counts mistakes beyond the first hundred, and refuses more aliases than a person writes: both in a moment', () => {
    const clients = Array.from({ length: 4000 }, (_, index) => `    c${String(index)}: { x: 1 }\n`).join('');
    expect(problemsOf(serviceText(`  topology:\n${clients}`)).at(0)).toMatchObject({
      line: 1,
      reason: 'has 3900 more mistakes',
    });
    const aliases = Array.from({ length: 4000 }, (_, index) => `- &a${String(index)} x\n- *a${String(index)}\n`).join(
      '',
    );
    expect(problemsOf(aliases)).toMatchObject([{ line: 202, reason: 'broken YAML: there are more than 100 aliases' }]);
  });

  it('refuses an alias bomb, since it would fill the memory of a worker', () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) =>
        `a${String(n)}: &a${String(n)} [${Array(9)
          .fill(n === 0 ? 'x' : `*a${String(n - 1)}`)
          .join(', ')}]`,
    );
    expect(problemsOf(levels.join('\n'))).toMatchObject([
      { file: 'service.yaml', reason: expect.stringContaining('alias') },
    ]);
  });

  it('refuses a document that is nested too deeply instead of overflowing the stack', () => {
    expect(problemsOf('['.repeat(100_000))).toMatchObject([
      { file: 'service.yaml', reason: 'cannot be read: it is nested too deeply' },
    ]);
  });

  it('never throws, whatever a file contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        parseConfig([{ path: 'x.yaml', text }]);
      }),
      { numRuns: 250, seed: 7 },
    );
  });

  it('never throws and always names a line of the file, whatever line of a valid document is replaced', () => {
    const template = sloText(
      '- name: a\n  indicator: { thresholdMetric: { metricSource: { type: envoy } } }\n  objectives: []',
    ).split('\n');
    const scraps = [
      'spec: &a [*a]',
      '- ',
      '? [a]: b',
      '<<: *a',
      '__proto__: { a: 1 }',
      'constructor: 1',
      '  rollout: { waves: [null] }',
      '!!set {}',
      '---',
      '%YAML 1.1',
      '\t',
      '"',
      'a: !!binary x',
      '  topology: { __proto__: 3 }',
      '  1: 2',
      '  null: x',
    ];
    fc.assert(
      fc.property(fc.nat(template.length), fc.constantFrom(...scraps), fc.nat(1), (index, scrap, removed) => {
        const text = template.toSpliced(index, removed, scrap).join('\n');
        for (const { line, reason, hint } of problemsOf(text)) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(text.split('\n').length);
          expect(reason).not.toBe('');
          expect(hint).not.toBe('');
        }
      }),
      { numRuns: 250, seed: 7 },
    );
  });
});
