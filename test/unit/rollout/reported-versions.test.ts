import { describe, expect, it } from '@jest/globals';
import { checkReported, type ReportedVersions } from '../../../core/rollout/preflight/reported-versions.ts';
import type { Slo } from '../../../core/judge/settings.ts';
import { testPlan } from '../../support/plans.ts';

const slo = (source: Slo['source']): Slo => ({ name: 'errors', source, indicator: { kind: 'errors' }, target: 0.99 });
const reported = (versions: Readonly<Record<string, string[]>>): ReportedVersions[] =>
  Object.entries(versions).map(([cluster, seen]) => ({ cluster, versions: seen }));
const check = (
  seen: Record<string, string[]>,
  { asked = true, source = 'server' }: { asked?: boolean; source?: Slo['source'] } = {},
) =>
  checkReported({ ...testPlan({ kind: 'adopt' }), slos: [slo(source)] }, reported(seen), {
    kind: 'adopt',
    ...(asked && { version: 'v2' }),
  });

describe('the version that an adoption gives to what runs', () => {
  it('is refused when the metrics know it by another name, which is said with the remedy', () => {
    const [problem] = check({ aws: ['1.4.2'], gcp: ['1.4.2', ''] }).problems;
    expect(problem?.text).toBe(
      '--version v2, but the metrics of checkout say service.version 1.4.2 (aws: 1.4.2; gcp: 1.4.2): nothing would be counted for v2',
    );
    expect(problem?.fix).toBe('say --version 1.4.2');
  });

  it('is refused in the one cluster that reports another one, with all that it reports', () => {
    const [problem] = check({ aws: ['v2', 'v1'], gcp: ['v1', 'v0'] }).problems;
    expect(problem?.text).toContain('say service.version v0, v1 (gcp: v1, v0)');
    expect(problem?.fix).toContain('--version with the one that runs');
  });

  it('that came from a label is mended at the pods', () => {
    const [problem] = check({ aws: ['1.4.2'] }, { asked: false }).problems;
    expect(problem?.text).toMatch(/^the pods of checkout are labelled v2, but/);
    expect(problem?.fix).toContain('the same text');
  });

  it('passes when the metrics know it, and when they say nothing: silence is asked about elsewhere', () => {
    expect(check({ aws: ['v2'], gcp: [] })).toEqual({ problems: [], notes: [] });
    expect(check({})).toEqual({ problems: [], notes: [] });
  });

  it('without any version in the metrics is refused where counts of pods are judged, and noted where they are not', () => {
    expect(check({ aws: [''] }).problems[0]?.text).toContain('carry no label service_version (aws)');
    const envoyOnly = check({ aws: [''] }, { source: 'envoy' });
    expect(envoyOnly.problems).toEqual([]);
    expect(envoyOnly.notes[0]).toMatch(/no label service_version.*OTEL_RESOURCE_ATTRIBUTES/);
  });
});
