import { describe, expect, it } from '@jest/globals';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { heartbeatTimeoutsMs } from '../../core/contract/timeouts.ts';
import type { WatchSloResult } from '../../core/judge/look/watch.ts';
import { lookOutForLostAttempts } from '../../platform/temporal/lost-attempts.ts';
import { ownIdentity } from '../../platform/temporal/worker-identity.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout, statusOf, type Handle } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const breach: WatchSloResult = {
  verdict: 'breach',
  breached: ['aws-us-east-1'],
  reason: '9 of 40 failed',
  readings: [],
  firstBadAtMs: 1,
  decidedAtMs: 2,
};
const silent = (): void => undefined;

describe('an attempt whose worker is gone', () => {
  /** How many more attempts of the watch there are once a worker of that identity has looked. */
  const begunAnew = async (own: ReturnType<typeof ownIdentity>, expected: 'restored' | 'baking'): Promise<number> => {
    let [attempts, before, begun] = [0, Number.POSITIVE_INFINITY, 0];
    let release: (late: WatchSloResult) => void = () => undefined;
    const silence = new Promise<WatchSloResult>((resolve) => (release = resolve));
    // Attempts from before the look are not heard of any more, as if their worker had been killed.
    const watchSlo = (): Promise<unknown> => (++attempts <= before ? silence : Promise.resolve(breach));
    const world = fakeWorld({ watchSlo });
    const plan = testPlan({ service: `lost-${expected}` });
    const act = async (handle: Handle): Promise<void> => {
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('baking'));
      await assertEventually(() => expect(attempts).toBeGreaterThan(0));
      before = attempts;
      const startedMs = Date.now();
      const lookout = lookOutForLostAttempts({
        client: temporal.env.client,
        installation: DEFAULT_INSTALLATION,
        own,
        report: silent,
      });
      await lookout.looked;
      await lookout.stop();
      if (expected === 'restored') {
        await assertEventually(async () => expect((await statusOf(handle)).outcome).toBe('restored'));
        expect(Date.now() - startedMs).toBeLessThan(heartbeatTimeoutsMs.watchSlo / 2);
      }
      begun = attempts - before;
      if (expected === 'baking') await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
      await handle.result();
    };
    // A worker does not end before its attempts do.
    await runRollout(temporal, { plan, world }, (handle) => act(handle).finally(() => release(breach)));
    return begun;
  };

  it('is begun anew as soon as a worker starts on its host, long before its heartbeat timeout, and its breach is acted on', async () => {
    expect(await begunAnew({ ...ownIdentity(), start: 'later' }, 'restored')).toBe(1);
  }, 60_000);

  it('is left alone while its worker lives', async () => {
    expect(await begunAnew(ownIdentity(), 'baking')).toBe(0);
  }, 60_000);
});
