/** A worker is replaced while rollouts are under way: without build ids changed code freezes them, with build ids it does not. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { findStuck } from '../../activities/control/find-stuck.ts';
import { systemClock } from '../../activities/ports.ts';
import { promoteBuild } from '../../cli/local/promote.ts';
import { moveNow, settleNow } from '../../cli/rollouts/stuck.ts';
import { buildFindings } from '../../cli/doctor/build-checks.ts';
import { exitCodes, type Io } from '../../cli/io.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { workerDeployment } from '../../core/contract/worker-deployment.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { POLLED_WITHIN_MS, STANDS_STILL_MS, whyStuck } from '../../core/rollout/builds.ts';
import { WHOLE } from '../../core/values/share.ts';
import { readOpenRun, readOpenRuns } from '../../platform/temporal/open-runs.ts';
import { readWorkers } from '../../platform/temporal/workers.ts';
import { held, heldWorld, startFleet, startHeld, type Fleet, type Held, type HeldTruth } from '../support/builds.ts';
import { assertEventually } from '../support/eventually.ts';
import { isFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import type { Handle } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { textIo } from '../support/text-io.ts';

/** Its clock may stand elsewhere: a worker that is gone is known as gone 90 s later. */
const terminal = (now: () => number = Date.now): Io & { out: string; err: string } =>
  Object.assign(textIo(), { now, sleep: (ms: number) => systemClock.sleep(ms, new AbortController().signal) });

const fleets: Fleet[] = [];
// Before the server is: a hook that was told first runs first.
afterAll(() => Promise.all(fleets.splice(0).map((fleet) => fleet.stop())), limits.labDown);

const temporal = temporalOfFile();

const fleet = async (...given: Parameters<typeof startFleet> extends [unknown, ...infer Rest] ? Rest : never) => {
  const { env } = temporal;
  const place = { connection: env.nativeConnection, namespace: env.namespace ?? 'default' };
  const started = await startFleet(place, ...given);
  fleets.push(started);
  return {
    stop: async (): Promise<void> => {
      fleets.splice(fleets.indexOf(started), 1);
      await started.stop();
    },
  };
};

const installation = DEFAULT_INSTALLATION;

const newTruth = (): HeldTruth => ({ share: {}, released: false });

const statusOf = (handle: Handle): Promise<RolloutStatus> => handle.query<RolloutStatus>('status');

async function startAll(name: string): Promise<Map<Held, Handle>> {
  const runs = new Map<Held, Handle>();
  for (const phase of held) runs.set(phase, await startHeld(temporal, phase, name));
  for (const [phase, handle] of runs)
    await assertEventually(async () => expect((await statusOf(handle)).phase).toBe(phase), limits.phase);
  return runs;
}

const outcomes: Readonly<Record<Held, string>> = {
  ...{ preparing: 'promoted', applying: 'promoted', baking: 'promoted', gated: 'promoted', restoring: 'restored' },
};

/** What was held goes on; every run ends as named, and its traffic with it. */
async function endAll(runs: ReadonlyMap<Held, Handle>, truth: HeldTruth): Promise<void> {
  truth.released = true;
  await runs.get('gated')?.executeUpdate('promote', { args: [{ reason: 'good', full: true }] });
  for (const [phase, handle] of runs) {
    const { outcome, status } = await handle.result();
    expect([phase, outcome]).toEqual([phase, outcomes[phase]]);
    const share = truth.share[`${status.service.split('/')[1] ?? ''}/aws-us-east-1`];
    expect([phase, share]).toEqual([phase, outcome === 'promoted' ? WHOLE : 0]);
  }
}

const openRun = async (handle: Handle) => {
  const run = await readOpenRun(temporal.env.client, { installation, workflowId: handle.workflowId });
  if (run === null) throw new Error(`${handle.workflowId} is not open`);
  return run;
};

const of = (service: string) => ({ mesh: 'shop', namespace: 'shop', service, installation });

describe('a worker without a build id is replaced by one whose rollout has changed', () => {
  it(
    'shows the hazard: the run is frozen half moved; it is found, and settled by a command',
    async () => {
      const truth = newTruth();
      const { activities } = heldWorld('', truth);
      const before = await fleet({ code: 'today', activities });
      const handle = await startHeld(temporal, 'baking', 'frozen');
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('baking'), limits.phase);
      await before.stop();
      const after = await fleet({ code: 'changed', activities });
      const { client } = temporal.env;
      truth.released = true;
      await assertEventually(async () => {
        expect((await openRun(handle)).task).toMatchObject({
          failing: true,
          error: expect.stringContaining('ondeterminis'),
        });
      }, limits.phase);
      expect(truth.share).toEqual({ 'baking-frozen/aws-us-east-1': 50_000 });

      const found = await new MockActivityEnvironment({}, { client }).run(findStuck, {
        services: [of('baking-frozen')],
        forMs: 0,
      });
      expect(found).toMatchObject([{ because: 'failing', build: '', part: 'versions' }]);

      // As it is half a minute later.
      const io = terminal(() => Date.now() + STANDS_STILL_MS);
      const wanted = of('baking-frozen');
      await expect(settleNow(client, io, { ...wanted, yes: false })).rejects.toThrow('would be terminated');
      expect((await handle.describe()).status.name).toBe('RUNNING');
      expect(await settleNow(client, io, { ...wanted, yes: true })).toBe(exitCodes.ok);
      expect((await handle.describe()).status.name).toBe('TERMINATED');
      await after.stop();
    },
    limits.rollout,
  );
});

describe('workers with build ids', () => {
  it(
    'a build with changed code becomes current in every phase of a rollout: runs under way end with their own build, on every queue',
    async () => {
      const { client } = temporal.env;
      const truth = newTruth();
      const [a, b] = [heldWorld('A', truth), heldWorld('B', truth)];
      const old = await fleet({ code: 'today', buildId: 'A', activities: a.activities });
      const io = terminal();
      expect(await promoteBuild(client, io, 'A')).toBe(exitCodes.ok);
      const runs = await startAll('rainbow');
      await fleet({ code: 'changed', buildId: 'B', activities: b.activities });
      expect(await promoteBuild(client, io, 'B')).toBe(exitCodes.ok);
      expect(io.out).toContain('build B is the current one (it was A)');
      const workers = await readWorkers(client, installation);
      expect(workers).toMatchObject({ current: 'B' });
      for (const handle of runs.values()) {
        const run = await openRun(handle);
        expect(run.pinned).toBe('A');
        expect(whyStuck(run, workers, { nowMs: Date.now(), forMs: STANDS_STILL_MS })).toBeNull();
      }
      await endAll(runs, truth);
      // Settlers go with the current build, and ask only; what a run does is done by its own.
      expect(b.calls.filter((call) => /^(prepare|apply|verify|watch|commit|restore)/.test(call))).toEqual([]);
      await assertEventually(() => expect(b.calls).toContain('surveyService by B'));

      const next = await startHeld(temporal, 'baking', 'next');
      expect(await next.result()).toMatchObject({ outcome: 'promoted' });
      expect(b.calls).toContain('applyRouting by B');
      expect((await next.describe()).raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion).toMatchObject({
        ...{ deploymentName: workerDeployment(installation), buildId: 'B' },
      });
      await old.stop();
    },
    limits.rollout,
  );

  it(
    'the workers of a build are gone: doctor names its runs, a run is moved to another build, and one is settled',
    async () => {
      const { client } = temporal.env;
      const truth = newTruth();
      const c = await fleet({ code: 'today', buildId: 'C', activities: heldWorld('C', truth).activities });
      await promoteBuild(client, terminal(), 'C');
      const runs = await startAll('orphaned');
      await c.stop();
      const goneMs = Date.now();
      const e = heldWorld('E', truth);
      await fleet({ code: 'today', buildId: 'E', activities: e.activities });
      await promoteBuild(client, terminal(), 'E');

      // As it is once a worker of C would have asked again: E's asked after C's had gone.
      const later = (): number => goneMs + POLLED_WITHIN_MS;
      const findings = buildFindings({
        ...{
          workers: await readWorkers(client, installation),
          runs: await readOpenRuns(client, installation),
          nowMs: later(),
        },
      });
      for (const { workflowId } of runs.values())
        expect(findings).toContainEqual(
          expect.objectContaining({ severity: 'error', text: expect.stringContaining(`${workflowId} stands still`) }),
        );
      const io = terminal(later);
      const [moved, settled] = [runs.get('baking'), runs.get('applying')];
      if (moved === undefined || settled === undefined) throw new Error('not started');
      const baking = of('baking-orphaned');
      await expect(moveNow(client, io, { ...baking, buildId: 'nobody' })).rejects.toThrow('none of its workers polls');
      expect(await moveNow(client, io, { ...baking, buildId: 'E' })).toBe(exitCodes.ok);
      const applying = of('applying-orphaned');
      expect(await settleNow(client, io, { ...applying, yes: true })).toBe(exitCodes.ok);
      expect((await settled.describe()).status.name).toBe('TERMINATED');

      truth.released = true;
      expect(await moved.result()).toMatchObject({ outcome: 'promoted' });
      expect(e.calls).toContain('watchSlo by E');
      // Moved once: what it starts, and the next run, go their own way.
      expect((await moved.describe()).raw.workflowExecutionInfo?.versioningInfo).toMatchObject({
        ...{ behavior: 1, deploymentVersion: { buildId: 'E' }, versioningOverride: null },
      });
      for (const phase of ['preparing', 'gated', 'restoring'] as const)
        await moveNow(client, io, { ...of(`${phase}-orphaned`), buildId: 'E' });
      await endAll(new Map([...runs].filter(([phase]) => phase !== 'applying')), truth);
    },
    limits.rollout,
  );

  it(
    'the same build is back after a while: its runs go on where they stood, and none needs a person',
    async () => {
      const { client } = temporal.env;
      const truth = newTruth();
      const { activities } = heldWorld('D', truth);
      const before = await fleet({ code: 'today', buildId: 'D', activities });
      await promoteBuild(client, terminal(), 'D');
      const runs = await startAll('away');
      await before.stop();
      const goneMs = Date.now();
      const awayMs = isFull ? 60_000 : 1_000;
      await assertEventually(() => expect(Date.now() - goneMs).toBeGreaterThan(awayMs), 2 * awayMs);
      await fleet({ code: 'today', buildId: 'D', activities });
      await endAll(runs, truth);
    },
    limits.rollout + 60_000,
  );
});
