/** The end of a run in one shape, whoever tells it. */
import { describe, expect, it } from '@jest/globals';
import { cutRunEnded, rolloutEnded, startRefused, type RunClose } from '../../../core/rollout/outcome.ts';
import { initialState, type RolloutState } from '../../../core/rollout/machine/state.ts';
import { testPlan } from '../../support/plans.ts';

const plan = testPlan();
const run: Parameters<typeof cutRunEnded>[0] = {
  ...({ kind: 'deploy', part: 'versions' } as const),
  ...{ version: 'v2', clusters: ['aws'], startedAtMs: 1, service: plan.service },
};
const said = { outcome: null, phase: 'baking', reason: 'watching for 1 s' } as const;

describe('the end of a rollout', () => {
  it('says what moved, what went back alone, and what it ended without', () => {
    const state: RolloutState = {
      ...({ ...initialState, phase: 'ended', outcome: 'partial', cause: 'breach' } as const),
      ...{
        reason: 'gcp breached',
        takenBack: ['gcp-europe-west1'],
        absent: { 'onprem-fra1': { atMs: 1, reason: 'down' } },
      },
    };
    expect(rolloutEnded(plan, state)).toEqual({
      ...{ kind: 'deploy', service: plan.service, part: 'versions', version: 'v2', outcome: 'partial' },
      ...{
        cause: 'breach',
        code: '',
        reason: 'gcp breached',
        takenBack: ['gcp-europe-west1'],
        absent: ['onprem-fra1'],
      },
      clusters: ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'],
      ...{ wave: 1, step: 0, waves: 2 },
    });
  });
});

describe('the end of a run that Temporal has closed', () => {
  it.each(['terminated', 'timed_out', 'deleted'] as const)('as %s is told for it', (as) => {
    expect(cutRunEnded(run, { as, atMs: 7, said })).toMatchObject({
      outcome: 'terminated',
      reason: expect.stringContaining('while baking (watching for 1 s); the settler puts back what it had moved'),
    });
  });

  it.each(['running', 'completed', 'failed', 'cancelled'] as const)('as %s is not: it tells its own end', (as) => {
    expect(cutRunEnded(run, { as, atMs: 7, said })).toBeNull();
  });

  it('keeps the outcome that it had come to before it could say so', () => {
    const close: RunClose = {
      as: 'terminated',
      atMs: 7,
      said: { ...said, outcome: 'promoted', reason: 'v2 is proven' },
    };
    expect(cutRunEnded(run, close)).toMatchObject({
      outcome: 'promoted',
      reason: 'v2 is proven; it was terminated then',
    });
  });

  it('is told when nobody can say what it did last', () => {
    expect(cutRunEnded(run, { as: 'deleted', atMs: 0, said: null })?.reason).toBe(
      'it was deleted; the settler puts back what it had moved',
    );
  });
});

describe('the end of a start that is refused', () => {
  const why = { outcome: 'refused', code: 'Invalid', reason: 'no' } as const;

  it('names what was asked for', () => {
    const asked = { service: 'checkout', mesh: 'shop', change: { kind: 'restore', part: 'topology' } };
    expect(startRefused(asked, why)).toMatchObject({
      ...{ kind: 'restore', part: 'topology', version: '', outcome: 'refused', code: 'Invalid' },
      service: { mesh: 'shop', namespace: '', service: 'checkout' },
    });
    expect(startRefused({ service: 'x', change: { kind: 'topology' } }, why).part).toBe('topology');
  });

  it.each([null, 'checkout', {}, { service: 7, change: { kind: 'nothing', version: [] } }])(
    'is told of whatever a person wrote: %j',
    (asked) => {
      expect(startRefused(asked, why)).toMatchObject({ kind: '', part: 'versions', version: '', outcome: 'refused' });
    },
  );
});
