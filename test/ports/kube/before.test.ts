/** Jobs before the first share, on a real API server; the test plays the Job controller and has no kubelet. */
import { describe, expect, it } from '@jest/globals';
import { CancelledFailure } from '@temporalio/common';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import type { RunBeforeInput } from '../../../core/contract/activities.ts';
import type { KubeObject } from '../../../core/kube/objects.ts';
import type { BeforeJob } from '../../../core/workload/before/before-job.ts';
import { assertEventually } from '../../support/eventually.ts';
import { requireTeam } from './policy.ts';
import { createScene, prepare, type Scene } from './scenes.ts';
import { testDeps, type TestDeps } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

/** Of a test that makes a version or waits a minute of its own clock, on a machine that others use, ms. */
const LIMIT_MS = 30_000;

const smoke: BeforeJob = { name: 'smoke', timeoutMs: 60_000, image: 'registry.lab/smoke:1', command: ['smoke'] };
const migrate: BeforeJob = { name: 'migrate', timeoutMs: 60_000, command: ['migrate'] };

interface JobObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly spec: {
    readonly activeDeadlineSeconds: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

interface Rig {
  readonly one: Scene;
  readonly deps: TestDeps;
  readonly jobs: () => Promise<JobObject[]>;
  readonly run: (jobs: readonly BeforeJob[], signal?: AbortSignal) => Promise<unknown>;
  /** As the controller writes it: failed, or complete. */
  readonly end: (job: JobObject, type: 'Complete' | 'Failed', reason?: string) => Promise<void>;
  readonly addPod: (job: JobObject, status: object) => Promise<void>;
}

async function rigOf(namespace: string): Promise<Rig> {
  const one = await createScene({ servers: servers(), clusters }, namespace);
  const { aws, service } = one;
  const { admin } = aws.cluster;
  const root = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const deps = testDeps(clusters);
  return {
    one,
    deps,
    jobs: async () => (await admin.get<{ items: JobObject[] }>(root)).items,
    run: (jobs, signal = new AbortController().signal) => {
      const input: RunBeforeInput = {
        ...{ service, cluster: aws.cluster.ref, version: 'v2', jobs, epoch: 7, throughEnvoy: true },
      };
      const activity = { ...deps.activity, signal: () => signal };
      return createApplyActivities({ ...deps, activity }).runBefore(input);
    },
    async end({ metadata: { name } }, type, reason = '') {
      const at = new Date().toISOString();
      const condition = (kind: string) => ({ type: kind, status: 'True', reason, lastTransitionTime: at });
      const before = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
      await admin.merge(`${root}/${name}/status`, {
        status: {
          startTime: at,
          conditions: [condition(before), condition(type)],
          ...(type === 'Complete' ? { completionTime: at, succeeded: 1 } : { failed: 1 }),
          uncountedTerminatedPods: {},
        },
      });
    },
    async addPod({ metadata: { name } }, status) {
      await admin.create(pods, {
        ...{ apiVersion: 'v1', kind: 'Pod' },
        metadata: { name: `${name}-x`, namespace, labels: { 'job-name': name } },
        spec: {
          nodeName: 'nowhere',
          restartPolicy: 'Never',
          containers: [{ name: 'smoke', image: 'registry.lab/smoke:1' }],
        },
      });
      await admin.merge(`${pods}/${name}-x/status`, { status });
    },
  };
}

const exited = (exitCode: number) => ({
  phase: 'Failed',
  containerStatuses: [
    {
      ...{ name: 'smoke', image: 'x', imageID: 'x', ready: false, restartCount: 0 },
      state: { terminated: { exitCode, reason: 'Error' } },
    },
  ],
});

describe('runBefore', () => {
  it(
    'runs one Job after the other and ends with the last one; a later attempt makes none a second time',
    async () => {
      const rig = await rigOf('before-good');
      await prepare(rig.one, rig.one.aws, { version: 'v2', replaces: '', source: { deployment: 'checkout' } });
      const seen: string[][] = [];
      rig.deps.onSleep(async () => {
        const all = await rig.jobs();
        seen.push(all.map(({ spec }) => spec.template.spec.containers[0]?.image ?? ''));
        const open = all.find(({ status }) => (status as { conditions?: unknown }).conditions === undefined);
        if (open !== undefined) await rig.end(open, 'Complete');
      });
      expect(await rig.run([migrate, smoke])).toEqual({ jobs: ['migrate', 'smoke'] });
      // The migration runs in the version's own image, and the smoke test begins only after it.
      expect(seen.map((images) => images.sort())).toEqual([
        ['registry.lab/checkout:v1'],
        ['registry.lab/checkout:v1', 'registry.lab/smoke:1'],
      ]);
      const before = (await rig.jobs()).map(({ metadata }) => metadata.uid);
      expect(await rig.run([migrate, smoke])).toEqual({ jobs: ['migrate', 'smoke'] });
      expect((await rig.jobs()).map(({ metadata }) => metadata.uid)).toEqual(before);
    },
    LIMIT_MS,
  );

  it(
    'fails for good with the reason of Job and pod, says that the log is gone with its node, and leaves the Job to be looked at',
    async () => {
      const rig = await rigOf('before-bad');
      rig.deps.onSleep(async () => {
        const [job] = await rig.jobs();
        if (job === undefined) throw new Error('no Job');
        await rig.addPod(job, exited(7));
        await rig.end(job, 'Failed', 'BackoffLimitExceeded');
      });
      await expect(rig.run([smoke, migrate])).rejects.toMatchObject({
        code: 'BeforeFailed',
        message: expect.stringMatching(
          /aws\/before-bad\/Job\/checkout-v2-smoke-\w+: Job smoke has failed: BackoffLimitExceeded; pod .*: container smoke: Error with exit code 7; its log is gone, with the pod or its node$/,
        ),
      });
      expect(await rig.jobs()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  it('ends within seconds when the pod can never run, and takes the Job away', async () => {
    const rig = await rigOf('before-image');
    const waiting = { reason: 'InvalidImageName', message: 'couldn’t parse image name' };
    rig.deps.onSleep(async () => {
      const [job] = await rig.jobs();
      if (job === undefined) throw new Error('no Job');
      const status = { name: 'smoke', image: 'x', imageID: 'x', ready: false, restartCount: 0, state: { waiting } };
      await rig.addPod(job, { phase: 'Pending', containerStatuses: [status] });
    });
    await expect(rig.run([smoke])).rejects.toMatchObject({
      code: 'BeforeFailed',
      message: expect.stringContaining('InvalidImageName'),
    });
    expect(await rig.jobs()).toEqual([]);
  });

  it(
    'is bounded where the cluster does not end the Job: it is taken away after its time',
    async () => {
      const rig = await rigOf('before-late');
      await expect(rig.run([smoke])).rejects.toMatchObject({
        message: expect.stringContaining('has not ended in time'),
      });
      expect(await rig.jobs()).toEqual([]);
      expect(rig.deps.heartbeats).toEqual([
        { cluster: 'aws', job: 'Job smoke (1 of 1)', progress: 'waits for its pod' },
      ]);
    },
    LIMIT_MS,
  );

  it.each([
    ['takes the running Job away when the run goes back', 'CANCELLED', 0],
    ['leaves it to the next attempt when its worker stops', 'WORKER_SHUTDOWN', 1],
    ['leaves it where another attempt has taken its place, in a run that goes on', 'TIMED_OUT', 1],
  ])('%s', async (_, reason, left) => {
    const rig = await rigOf(`before-${reason.toLowerCase().replace('_', '-')}`);
    const controller = new AbortController();
    rig.deps.onSleep(() => Promise.resolve(controller.abort(new CancelledFailure(reason))));
    await expect(rig.run([smoke], controller.signal)).rejects.toThrow(reason);
    expect(await rig.jobs()).toHaveLength(left);
  });

  it('never takes a foreign Job for its own', async () => {
    const rig = await rigOf('before-foreign');
    rig.deps.onSleep(async () => {
      const [job] = await rig.jobs();
      if (job !== undefined) await rig.end(job, 'Complete');
    });
    await rig.run([smoke]);
    const [job] = await rig.jobs();
    const path = `/apis/batch/v1/namespaces/before-foreign/jobs/${job?.metadata.name ?? ''}`;
    await rig.one.aws.cluster.admin.merge(path, { metadata: { labels: { 'tidegate.dev/owner': 'other' } } });
    await expect(rig.run([smoke])).rejects.toMatchObject({ code: 'Foreign' });
  });
});

describe('the dry run of a plan', () => {
  it('finds a Job that the cluster would refuse, before anything is written', async () => {
    const rig = await rigOf('before-dry');
    const { aws, service, act } = rig.one;
    const namespace = 'before-dry';
    await requireTeam(aws.cluster.admin, { namespace, apiGroup: 'batch', resource: 'jobs' });
    const cluster = aws.cluster.ref;
    const before: RunBeforeInput = { service, cluster, version: 'v2', jobs: [smoke], epoch: 7, throughEnvoy: true };
    await assertEventually(async () => {
      const { refused } = await act.dryRunWrites({ service, cluster, before });
      expect(refused.join()).toContain('require-team');
    });
    const labelled = { ...smoke, metadata: { labels: { team: 'pay' } } };
    expect((await act.dryRunWrites({ service, cluster, before: { ...before, jobs: [labelled] } })).refused).toEqual([]);
    expect(await rig.jobs()).toEqual([]);
  });
});
