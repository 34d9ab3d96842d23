/** Clusters that come under Tidegate after others, and what a version may be made from. */
import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../core/rollout/change.ts';
import { madeIn } from '../../../core/rollout/plan/adopted.ts';
import { strataOf } from '../../../core/rollout/plan/strata.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { statName } from '../../../core/routing/names.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { facts, record, testConfig, testRead, unadopted, workload } from '../../support/facts.ts';

const deploy: Change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' };
const [aws, gcp, onprem] = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'];

describe('a client that calls only clusters which are adopted already', () => {
  const config = testConfig({ topology: { [onprem]: { [aws]: WHOLE } } });
  const served = (cluster: string) => ({ record: record(cluster, { v2: WHOLE }), workloads: [workload('v2')] });
  const read = testRead({
    [aws]: served(aws),
    [gcp]: served(gcp),
    [onprem]: { record: null, workloads: [] },
  });
  const plan = planRollout({ config, read, change: { kind: 'adopt' } });

  it('is watched for what is proven there, so its bake ends and its commit proves something', () => {
    expect(plan.version).toBe('v2');
    expect(plan.waves.map(({ clients, serving }) => [clients, serving])).toEqual([[[onprem], [aws]]]);
    expect(plan.waves[0]?.steps[0]?.versions).toEqual({ [aws]: { v2: WHOLE } });
    const [stratum, ...more] = strataOf(plan, { shares: { [aws]: WHOLE }, wave: 0 }, {});
    expect(more).toEqual([]);
    const newStat = statName({ namespace: 'shop', service: 'checkout', version: 'v2', cluster: aws });
    expect(stratum).toMatchObject({ serving: aws, newVersion: 'v2', newStat, oldVersion: '', oldStat: '' });
    expect(stratum?.clients).toContain(onprem);
  });

  it('makes and pins nothing where others have done so', () => {
    expect(plan.waves.map((wave) => madeIn(plan, wave))).toEqual([[]]);
  });

  it('is told from a cluster that is adopted for the first time', () => {
    const first = planRollout({ config: testConfig(), read: unadopted(), change: { kind: 'adopt' } });
    expect(first.waves.map((wave) => madeIn(first, wave))).toEqual([[aws], [gcp, onprem]]);
  });
});

describe('what a version is made from', () => {
  const refusalOf = (change: Change, read: ReturnType<typeof testRead>): string => {
    try {
      planRollout({ config: testConfig(), read, change });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return 'accepted';
  };

  it('is the proven version or nothing: with its Deployment gone no other one will do', () => {
    const gone = { workloads: [workload('v0', { deployment: 'checkout-v0', managed: false })] };
    expect(refusalOf(deploy, testRead({ [gcp]: gone }))).toContain(
      `${gcp}/shop: the Deployment of checkout v1, the proven version, is gone`,
    );
  });

  it('is known in every cluster that serves: a version by name alone must be there in each', () => {
    const byName: Change = { kind: 'deploy', version: 'v0' };
    const there = { workloads: [workload('v1'), workload('v0')] };
    expect(refusalOf(byName, testRead({ [aws]: there }))).toContain(
      `nothing says what checkout v0 is made of in ${gcp}, ${onprem}`,
    );
    expect(refusalOf(byName, testRead({ [aws]: there, [gcp]: there, [onprem]: there }))).toBe('accepted');
  });

  it('is itself where an undo goes back to it', () => {
    const change = (cluster: string) => ({
      record: {
        ...record(cluster, { v2: WHOLE, v1: 0 }),
        versions: { ...record(cluster, { v2: WHOLE, v1: 0 }).versions, previous: { [cluster]: 'v1' } },
      },
      workloads: [workload('v2'), workload('v1')],
    });
    const read = testRead({ [aws]: change(aws), [gcp]: change(gcp), [onprem]: change(onprem) });
    const { sources } = planRollout({ config: testConfig(), read, change: { kind: 'undo' } });
    expect(Object.values(sources).map(({ deployment }) => deployment)).toEqual(Array(3).fill('checkout-v1'));
  });
});

describe('a frontend that was changed after adoption', () => {
  const changed = (change: Record<string, unknown>) =>
    testRead({ [aws]: { frontend: { ...facts(aws).frontend!, ...change } } });

  it.each([
    ['port', { port: 9090 }],
    ['targetPort', { targetPort: 'web' }],
    ['selector', { selector: { app: 'checkout', tier: 'front' } }],
  ])('its %s: refused, since the route still leads where it led', (field, change) => {
    const plan = () => planRollout({ config: testConfig(), read: changed(change), change: deploy });
    expect(plan).toThrow(new RegExp(`${aws}/shop/checkout: its ${field}.* when it was adopted`));
  });

  it('a pin that is gone is no refusal: it is put back before there are pods of another version', () => {
    const plan = planRollout({ config: testConfig(), read: changed({ pinned: '' }), change: deploy });
    expect(plan.version).toBe('v2');
  });
});
