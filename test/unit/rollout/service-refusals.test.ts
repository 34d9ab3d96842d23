/** Services that a plan refuses, or takes with a note: by their shape, their selector, and who else selects their pods. */
import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../core/rollout/change.ts';
import { planRollout, type PlanInput } from '../../../core/rollout/plan/versions.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { WHOLE } from '../../../core/values/share.ts';
import type { SecondService } from '../../../core/workload/facts.ts';
import { facts, record, testConfig, testRead, unadopted, workload } from '../../support/facts.ts';

const deploy: Change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' };

function refused(input: PlanInput): TidegateError {
  try {
    planRollout(input);
  } catch (error) {
    if (error instanceof TidegateError) return error;
    throw error;
  }
  throw new Error('the plan was not refused');
}

describe('a plan names', () => {
  it('a Service of a shape that is not allowed, with every reason; what only changes is a note of the plan', () => {
    const shape = { refused: ['it is headless', 'protocol UDP is not supported'], notes: [] };
    const bad = { frontend: { ...facts('aws-us-east-1').frontend!, shape } };
    const { message } = refused({ config: testConfig(), read: testRead({ 'aws-us-east-1': bad }), change: deploy });
    for (const why of shape.refused) expect(message).toContain(`aws-us-east-1/shop/checkout: ${why}`);
    const noted = { frontend: { ...bad.frontend, shape: { refused: [], notes: ['dual stack (IPv4, IPv6)'] } } };
    const plan = planRollout({ config: testConfig(), read: testRead({ 'aws-us-east-1': noted }), change: deploy });
    expect(plan.notes).toEqual(['aws-us-east-1/shop/Service/checkout: dual stack (IPv4, IPv6)']);
  });

  it('an original whose name the copy of it would have: what the dry run would find comes with its remedy', () => {
    const serving = [workload('v1', { managed: false })];
    const { message, fix } = refused({
      config: testConfig(),
      read: unadopted({ workloads: serving }),
      change: { kind: 'adopt' },
    });
    expect(message).toContain('aws-us-east-1/shop/Deployment/checkout-v1 serves checkout');
    expect(`${message}${fix}`).toContain('apply a copy of it named checkout');
    const elsewhere = [workload('v1', { managed: false, deployment: 'checkout-v2' })];
    const plan = planRollout({
      config: testConfig(),
      read: unadopted({ workloads: elsewhere }),
      change: { kind: 'adopt' },
    });
    expect(plan.version).toBe('v1');
  });

  it('a selector that says a version: the pods of the next one would say the old one too', () => {
    const selecting = (extra: Record<string, string>) => {
      const selector = { app: 'checkout', ...extra };
      const adopted = record('aws-us-east-1', { v1: WHOLE });
      return testRead({
        'aws-us-east-1': {
          frontend: { ...facts('aws-us-east-1').frontend!, selector },
          record: { ...adopted, frontend: { ...adopted.frontend, selector } },
        },
      });
    };
    for (const extra of [{ version: 'v1' }, { 'app.version': 'v0' }, { build: 'v1' }]) {
      const [[label, value] = []] = Object.entries(extra);
      const { message } = refused({ config: testConfig(), read: selecting(extra), change: deploy });
      expect(message).toContain(`aws-us-east-1/shop/Service/checkout: its selector has ${label}=${value}`);
    }
    const frontend = { ...facts('aws-us-east-1').frontend!, selector: { app: 'checkout', track: 'v7' } };
    const workloads = [workload('', { deployment: 'checkout', managed: false })];
    const adoption = { config: testConfig(), read: unadopted({ frontend, workloads }) };
    expect(refused({ ...adoption, change: { kind: 'adopt', version: 'v7' } }).message).toContain('track=v7');
    const derived = workload('', {
      deployment: 'old',
      managed: false,
      derived: { version: 'blue', by: 'image' } as never,
    });
    const slot = { frontend: { ...frontend, selector: { app: 'checkout', slot: 'blue' } } };
    const adopts = (replicas: number) => () =>
      planRollout({
        config: testConfig(),
        read: unadopted({ ...slot, workloads: [{ ...derived, replicas }] }),
        change: { kind: 'adopt', version: 'v7' },
      });
    expect(adopts(1)).toThrow('slot=blue');
    const left = { ...selecting({ slot: 'blue' }) };
    const clusters = left.clusters.map((one) => ({
      ...one,
      workloads: [...one.workloads, { ...derived, replicas: 0 }],
    }));
    expect(() => planRollout({ config: testConfig(), read: { ...left, clusters }, change: deploy })).not.toThrow();
    const harmless = { 'api-version': 'v9', tier: 'web' };
    expect(planRollout({ config: testConfig(), read: selecting(harmless), change: deploy }).version).toBe('v2');
  });

  describe('a second Service over the pods', () => {
    const second = { name: 'checkout-admin', pinned: '', serving: true };
    const where = 'aws-us-east-1/shop/Service/checkout-admin selects the pods of checkout too';
    const withSecond = (change: Partial<SecondService>) =>
      testRead({ 'aws-us-east-1': { secondServices: [{ ...second, ...change }] } });

    it('is refused at a deploy, with the remedy: its callers would get unproven pods by their count', () => {
      const { message } = refused({ config: testConfig(), read: withSecond({}), change: deploy });
      expect(message).toContain(`${where}: its callers would get v2 by pod count`);
      expect(message).toContain('add app.kubernetes.io/version: v1 to its selector');
    });

    it.each([
      ['pinned', { pinned: 'v1' }, /pinned to v1: move its pin by hand/],
      ['for another port', { serving: false }, /by another port: pods of every version get its calls$/],
    ] as const)('that is %s is a note', (_, change, note) => {
      const plan = planRollout({ config: testConfig(), read: withSecond(change), change: deploy });
      expect(plan.notes).toEqual([expect.stringMatching(note)]);
      expect(plan.notes[0]).toContain(where);
    });

    it.each([
      ['pinned with the frontend', { within: true }, /: Tidegate pins it to the proven version/],
      ['pinned already', { within: true, follows: true, pinned: 'v1' }, /: Tidegate pins it to the proven version/],
      ['left as it is when it is headless', { within: true, headless: true }, /headless.*left as it is$/],
      ['under Tidegate itself', { within: true, adopted: true, pinned: 'v1' }, /is under Tidegate itself/],
    ] as const)('with the same selector is %s: a deploy goes', (_, change, note) => {
      const plan = planRollout({ config: testConfig(), read: withSecond(change), change: deploy });
      expect(plan.notes).toEqual([expect.stringMatching(note)]);
    });

    it('whose pin somebody takes off again and again is refused, with what to tell them', () => {
      const fight = { field: 'pin', manager: 'argocd-controller', sinceMs: 0 } as const;
      const { message } = refused({ config: testConfig(), read: withSecond({ within: true, fight }), change: deploy });
      expect(message).toContain(
        'since its pin does not last: argocd-controller took the pin of Service checkout-admin back 3 times',
      );
      expect(message).toContain('ignoreDifferences: [{kind: Service, name: checkout-admin');
    });

    it('that is under Tidegate itself is refused at an adoption: each would make Deployments that the other selects', () => {
      const read = unadopted({ secondServices: [{ ...second, adopted: true }] });
      const { message } = refused({ config: testConfig(), read, change: { kind: 'adopt' } });
      expect(message).toContain('Service/checkout-admin has the same pods, and is under Tidegate already');
    });

    it('that is pinned with the frontend gets its selector back at a release, which says so', () => {
      const plan = planRollout({
        config: testConfig(),
        read: withSecond({ within: true, follows: true, pinned: 'v1' }),
        change: { kind: 'release' },
      });
      expect(plan.notes).toContainEqual(expect.stringMatching(/Service\/checkout-admin gets its selector back/));
    });

    it('is a note at an adoption, which copies the build that its callers get already', () => {
      const read = unadopted({ secondServices: [second] });
      const { notes } = planRollout({ config: testConfig(), read, change: { kind: 'adopt' } });
      expect(notes[0]).toBe(`not canaried: ${where}: deploys are refused while its selector names no version`);
    });
  });
});
