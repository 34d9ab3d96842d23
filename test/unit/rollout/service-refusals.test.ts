/** Services that a plan refuses, or takes with a note: by their shape, their selector, and who else selects their pods. */
import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../core/rollout/change.ts';
import { planRollout, type PlanInput } from '../../../core/rollout/plan/versions.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { facts, testConfig, testRead, unadopted, workload } from '../../support/facts.ts';

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

  it('a selector that says a version: the pods of the next one would say the old one too', () => {
    const selecting = (extra: Record<string, string>) => {
      const frontend = { ...facts('aws-us-east-1').frontend!, selector: { app: 'checkout', ...extra } };
      return testRead({ 'aws-us-east-1': { frontend } });
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
    const harmless = { 'api-version': 'v9', tier: 'web' };
    expect(planRollout({ config: testConfig(), read: selecting(harmless), change: deploy }).version).toBe('v2');
  });
});
