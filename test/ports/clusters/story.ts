/** The whole story of a service, activity by activity, so that every kind of write and read comes up in one namespace. */
import type { BeforeJob } from '../../../core/workload/before/before-job.ts';
import type { Scene } from '../kube/scenes.ts';
import { adopt, imageOf, prepare, route } from '../kube/scenes.ts';
import { WHOLE, type Shop } from '../kube/shop.ts';

const smoke: BeforeJob = { name: 'smoke', timeoutMs: 60_000, image: 'registry.lab/smoke:1', command: ['smoke'] };

/** Adopts v1, deploys v2 and v3 with pods that wait, Jobs and autoscalers of both kinds, goes back once, and releases. */
export async function tellStory(one: Scene): Promise<void> {
  const { aws, act, service } = one;
  await act.readRecords({ service, clusters: [aws.cluster.ref] });
  await adopt(one);
  await createScalers(aws);
  await act.dryRunWrites({
    ...{ service, cluster: aws.cluster.ref },
    prepare: {
      ...{ service, cluster: aws.cluster.ref, version: 'v2', replaces: 'v1', run: '', source: imageOf('v2') },
      ...{ workload: 'managed', progressDeadlineMs: 60_000 },
    },
  });
  await tooFewPods(one);
  await runJobs(one);
  await move(one, { from: 'v1', to: 'v2', epoch: 20 });
  await act.surveyService({ service, clusters: [aws.cluster.ref] });
  await move(one, { from: 'v2', to: 'v3', epoch: 30 });
  await act.retireVersion({ service, clusters: [aws.cluster.ref], version: 'v2', drainMs: 0 });
  await act.retireVersion({ service, clusters: [aws.cluster.ref], version: 'v1', original: 'checkout', drainMs: 0 });
  const listed = { service, warmMs: 60_000, drainMs: 0 };
  await act.findUnsettled({ services: [listed], clusters: [aws.cluster.ref] });
  await route(one, aws, { versions: { aws: { v3: WHOLE } }, epoch: 40, run: 'run-4' });
  await act.restore({ service, cluster: aws.cluster.ref, epoch: 41, run: 'run-4', serving: [] });
  const release = { service, cluster: aws.cluster.ref, epoch: 50, run: 'run-5', drainMs: 0 };
  await act.releaseService({ ...release, step: 'route' });
  await act.releaseService({ ...release, step: 'services' });
}

async function createScalers({ cluster: { admin }, path }: Shop): Promise<void> {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-v1' };
  await admin.create(path('HorizontalPodAutoscaler'), {
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'mine' } },
    spec: { minReplicas: 1, maxReplicas: 9, scaleTargetRef },
  });
  await admin.create(path('ScaledObject'), {
    ...{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'queue' } },
    spec: { minReplicaCount: 1, maxReplicaCount: 9, scaleTargetRef: { name: 'checkout-v1' }, triggers: [] },
  });
}

/** A pod of v2 that cannot be scheduled: its events are asked for. */
async function tooFewPods(one: Scene): Promise<void> {
  const { aws, act, service, deps } = one;
  let made = false;
  deps.onSleep(async () => {
    if (made) return;
    made = true;
    const { spec } = await aws.deployment('checkout-v2');
    const pods = `/api/v1/namespaces/${service.namespace}/pods`;
    await aws.cluster.admin.create(pods, {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'waits', labels: spec.template.metadata?.labels } },
      spec: { containers: [{ name: 'checkout', image: 'registry.lab/checkout:v2' }] },
    });
  });
  const late = act.prepareVersion({
    ...{ service, cluster: aws.cluster.ref, version: 'v2', replaces: 'v1', run: 'run-2', source: imageOf('v2') },
    ...{ workload: 'managed', progressDeadlineMs: 20_000 },
  });
  await late.catch(() => undefined);
}

/** One that fails, and whose pod's log is read; and one whose time is over, which is taken away. */
async function runJobs({ aws, act, service, deps }: Scene): Promise<void> {
  const { admin } = aws.cluster;
  const jobs = `/apis/batch/v1/namespaces/${service.namespace}/jobs`;
  const pods = `/api/v1/namespaces/${service.namespace}/pods`;
  const run = (version: string): Promise<unknown> =>
    act
      .runBefore({ service, cluster: aws.cluster.ref, version, jobs: [smoke], epoch: 7, throughEnvoy: false })
      .catch(() => undefined);
  deps.onSleep(() => Promise.resolve());
  await run('v3');
  deps.onSleep(async () => {
    const { items } = await admin.get<{ items: { metadata: { name: string } }[] }>(jobs);
    const name = items[0]?.metadata.name ?? '';
    const at = new Date().toISOString();
    await admin.create(pods, {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'smoke-1', labels: { 'job-name': name } } },
      spec: { nodeName: 'nowhere', restartPolicy: 'Never', containers: [{ name: 'smoke', image: 'r/smoke:1' }] },
    });
    const terminated = { exitCode: 7, reason: 'Error' };
    const state = { name: 'smoke', image: 'x', imageID: 'x', ready: false, restartCount: 0, state: { terminated } };
    await admin.merge(`${pods}/smoke-1/status`, { status: { phase: 'Failed', containerStatuses: [state] } });
    const condition = (type: string) => ({
      type,
      status: 'True',
      reason: 'BackoffLimitExceeded',
      lastTransitionTime: at,
    });
    const conditions = [condition('FailureTarget'), condition('Failed')];
    const status = { startTime: at, conditions, failed: 1, uncountedTerminatedPods: {} };
    await admin.merge(`${jobs}/${name}/status`, { status });
  });
  await run('v2');
}

async function move(one: Scene, { from, to, epoch }: { from: string; to: string; epoch: number }): Promise<void> {
  const { aws, act, service } = one;
  const run = `run-${epoch}`;
  await prepare(one, aws, { version: to, replaces: from, source: imageOf(to) });
  await route(one, aws, { versions: { aws: { [from]: 0, [to]: WHOLE } }, epoch, run });
  await act.commit({ service, cluster: aws.cluster.ref, epoch, run, serving: ['aws'], pin: to });
}
