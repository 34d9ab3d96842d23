/** The whole story of a service, activity by activity, so that every kind of write and read comes up in one namespace. */
import type { BeforeJob } from '../../../core/workload/before/before-job.ts';
import type { Scene } from '../kube/scenes.ts';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { createRestoreActivities } from '../../../activities/restore/index.ts';
import type { Clusters } from '../../../platform/kube/clusters.ts';
import { adopt, imageOf, prepare, route } from '../kube/scenes.ts';
import { testDeps, WHOLE, type Shop } from '../kube/shop.ts';

const smoke: BeforeJob = { name: 'smoke', timeoutMs: 60_000, image: 'registry.lab/smoke:1', command: ['smoke'] };

/** Adopts, deploys with pods that wait, Jobs and autoscalers of both kinds, goes back once, and releases. */
export async function tellStory(one: Scene, clusters: Clusters): Promise<void> {
  const { aws, act, service } = one;
  const at = [aws.cluster.ref];
  await act.readRecords({ service, clusters: at });
  await adopt(one);
  await createAutoscaler(aws, 'checkout-v1');
  await act.dryRunWrites({
    ...{ service, cluster: aws.cluster.ref },
    prepare: {
      ...{ service, cluster: aws.cluster.ref, version: 'v2', replaces: 'v1', run: '', source: imageOf('v2') },
      ...{ workload: 'managed', progressDeadlineMs: 60_000 },
    },
  });
  await tooFewPods(anew(one, clusters));
  await runJobs(anew(one, clusters));
  await move(one, { from: 'v1', to: 'v2', epoch: 20 });
  await act.surveyService({ service, clusters: at });
  await move(one, { from: 'v2', to: 'v3', epoch: 30 });
  await act.retireVersion({ service, clusters: at, version: 'v2', drainMs: 0 });
  await act.retireVersion({ service, clusters: at, version: 'v1', original: 'checkout', drainMs: 0 });
  await replaceAutoscaler(aws, 'checkout-v3');
  await move(one, { from: 'v3', to: 'v4', epoch: 40 });
  await move(one, { from: 'v4', to: 'v5', epoch: 50 });
  await act.retireVersion({ service, clusters: at, version: 'v4', drainMs: 0 });
  await act.findUnsettled({ services: [{ service, warmMs: 60_000, drainMs: 0 }], clusters: at });
  await route(one, aws, { versions: { aws: { v5: WHOLE } }, epoch: 60, run: 'run-6' });
  await act.restore({ service, cluster: aws.cluster.ref, epoch: 61, run: 'run-6', serving: [] });
  const release = { service, cluster: aws.cluster.ref, epoch: 70, run: 'run-7', drainMs: 0 };
  await act.releaseService({ ...release, step: 'route' });
  await act.releaseService({ ...release, step: 'services' });
  await ofNoDeployment(one);
}

/** A Service whose pods no Deployment makes: what else does is asked for. */
async function ofNoDeployment({ aws, act, service }: Scene): Promise<void> {
  const { namespace } = service;
  await aws.cluster.admin.create(aws.path('Service'), {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'ledger', namespace } },
    spec: { selector: { app: 'ledger' }, ports: [{ name: 'http', port: 8080 }] },
  });
  await act.readRecords({ service: { ...service, service: 'ledger' }, clusters: [aws.cluster.ref] });
}

/** The same at a time of its own: what waits for its deadline leaves the others theirs. */
function anew(one: Scene, clusters: Clusters): Scene {
  const deps = testDeps(clusters);
  return { ...one, deps, act: { ...createApplyActivities(deps), ...createRestoreActivities(deps) } };
}

const createAutoscaler = ({ cluster: { admin }, path }: Shop, deployment: string): Promise<unknown> =>
  admin.create(path('HorizontalPodAutoscaler'), {
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'mine' } },
    spec: {
      ...{ minReplicas: 1, maxReplicas: 9 },
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
    },
  });

/** Its owner goes over to KEDA. */
async function replaceAutoscaler({ cluster: { admin }, path, list }: Shop, deployment: string): Promise<void> {
  for (const name of await list('HorizontalPodAutoscaler')) await admin.remove(path('HorizontalPodAutoscaler', name));
  await admin.create(path('ScaledObject'), {
    ...{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'queue' } },
    spec: { minReplicaCount: 1, maxReplicaCount: 9, scaleTargetRef: { name: deployment }, triggers: [] },
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
