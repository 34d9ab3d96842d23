/** Which version an adoption takes what runs for. */
import { describe, expect, it } from '@jest/globals';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { ReadRecordsResult } from '../../../core/workload/facts.ts';
import { clusterNames, facts, testConfig, workload } from '../../support/facts.ts';

const byImage = (version: string) => ({ version, by: `image registry/checkout:${version}`, why: '' });
const nameless = { version: '', by: '', why: 'image registry/checkout:latest has tag latest' };

/** One original per cluster, with its label ('' = none) and what else says its version. */
const running = (...each: readonly (readonly [label: string, derived: typeof nameless])[]): ReadRecordsResult => ({
  epoch: 1_000,
  clusters: clusterNames.map((name, i) => {
    const [label, derived] = each[i % each.length] ?? ['', nameless];
    const own = { deployment: 'checkout', managed: false, ...(label === '' && { derived }) };
    return facts(name, { record: null, workloads: [workload(label, own)] });
  }),
});

const plan = (read: ReadRecordsResult, version?: string) =>
  planRollout({ config: testConfig(), read, change: { kind: 'adopt', ...(version !== undefined && { version }) } });

function refused(read: ReadRecordsResult, version?: string): string {
  try {
    plan(read, version);
  } catch (error) {
    if (error instanceof TidegateError) return `${error.message} ${error.fix}`;
    throw error;
  }
  throw new Error('the plan was not refused');
}

describe('an adoption of pods without the label', () => {
  it('takes the version of their image, and says so', () => {
    const adopted = plan(running(['', byImage('1.4.2')]));
    expect(adopted).toMatchObject({ version: '1.4.2', versionBy: 'pods' });
    expect(adopted.notes).toContainEqual(
      expect.stringMatching(/^adopted as 1\.4\.2, by image registry\/checkout:1\.4\.2: the pods of checkout carry no/),
    );
  });

  it('takes what a person says before that, and a label before both', () => {
    const asked = plan(running(['', byImage('1.4.2')]), '7');
    expect(asked.version).toBe('7');
    expect(asked).not.toHaveProperty('versionBy');
    const labelled = plan(running(['v1', nameless], ['', nameless]));
    expect(labelled.version).toBe('v1');
    expect(labelled.notes.join()).not.toContain('carry no label');
    expect(refused(running(['v1', nameless]), '7')).toContain('--version 7, but the running pods are labelled v1');
  });

  it('is refused by name where nothing says the version, with the reason and the remedy', () => {
    const text = refused(running(['', nameless]));
    expect(text).toContain('aws-us-east-1/shop/Deployment/checkout: the pods of checkout carry no label');
    expect(text).toContain('and image registry/checkout:latest has tag latest');
    expect(text).toContain('--version V');
    expect(plan(running(['', nameless]), 'v7').version).toBe('v7');
  });

  it('is refused where the clusters run different builds, each by name; a person may say that they are one', () => {
    const different = running(['', byImage('1')], ['', byImage('2')]);
    expect(refused(different)).toContain(
      'aws-us-east-1/shop/Deployment/checkout: 1 by image registry/checkout:1; gcp-europe-west1/shop/Deployment/checkout: 2 by',
    );
    expect(refused(running(['v1', nameless], ['', byImage('2')]))).toContain('labelled v1; gcp-europe-west1');
    expect(plan(different, 'v7').version).toBe('v7');
  });

  it('as what no label can hold is refused before anything is asked of a server', () => {
    expect(refused(running(['', nameless]), 'a b')).toContain('version "a b" cannot be a label value');
  });

  it('makes a Deployment that tells OpenTelemetry the version, where the Service document asks for that', () => {
    const read = running(['', byImage('1.4.2')]);
    const config = testConfig({ serviceVersion: 'env' });
    const { sources } = planRollout({ config, read, change: { kind: 'adopt' } });
    expect(sources['aws-us-east-1']).toEqual({ deployment: 'checkout', serviceVersion: 'env' });
  });
});
