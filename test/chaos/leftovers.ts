/** What must be true once a run is over and the settler had its time: traffic, records, pins and objects say the same. */
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { annotations, labels } from '../../core/kube/labels.ts';
import { sameTraffic } from '../../core/routing/weights.ts';
import { WHOLE } from '../../core/values/share.ts';
import type { KubeObject } from '../../infra/lab/api/kube-client.ts';
import { assertEventually } from '../support/eventually.ts';
import { limits } from '../support/limits.ts';
import { clusters, type Seen } from '../lab/lab-service.ts';
import type { Stage } from '../lab/stage.ts';
import type { Scene } from './scene.ts';

const namespace = 'shop';
/** Requests on which the last statement about the traffic rests. */
const SAMPLE = 300;
/** … and so many of the clients of each cluster. */
const SAMPLE_EACH = 80;
/** Requests that pass before it: written is not yet in force. */
const SETTLING = 120;

/** Clients of every cluster get that version and no other. */
export async function trafficFaults(
  { basket }: Stage,
  version: string,
  withinMs: number = limits.phase,
): Promise<string[]> {
  await basket.requests(SETTLING);
  const since = Date.now();
  let now = await basket.requests(SAMPLE);
  try {
    await assertEventually(async () => {
      now = await basket.clientsSaw(since);
      if (silent(now).length > 0) throw new Error(silent(now).join('; '));
    }, withinMs);
  } catch {
    // Told below.
  }
  return [...silent(now), ...answeredByOthers(now, version)];
}

const silent = (now: Seen): string[] =>
  clusters
    .map((client) => ({ client, count: Object.values(now.byVersion(client)).reduce((sum, one) => sum + one, 0) }))
    .filter(({ count }) => count < SAMPLE_EACH)
    .map(({ client, count }) => `${client}: ${count} requests of its clients are too few to say who serves`);

const answeredByOthers = (now: Seen, version: string): string[] =>
  Object.entries(now.byVersion())
    .filter(([by]) => by !== version)
    .map(([by, count]) => `${count} of ${now.requests} requests are answered by ${by || 'nobody'}, not by ${version}`);

/** What is not as it must be, read until it is or the time is up. */
export async function leftovers(
  scene: Scene,
  { final, keepsWarm }: { final: string; keepsWarm: boolean },
): Promise<string[]> {
  const own = [scene.before, scene.version];
  const warm = new Set([...[...scene.others].filter((one) => !own.includes(one)), ...(keepsWarm ? own : [])]);
  let found: string[] = [];
  try {
    await assertEventually(
      async () => {
        const perCluster = clusters.map((cluster) => leftIn(scene, { cluster, final, warm }));
        found = (await Promise.all([...perCluster, openWorkflows(scene)])).flat();
        if (found.length > 0) throw new Error(found.join('; '));
      },
      limits.phase,
      1_000,
    );
    return await unsettled(scene, warm);
  } catch (error) {
    return found.length > 0 ? found : [String(error)];
  }
}

async function leftIn(
  { stage }: Scene,
  { cluster, final, warm }: { cluster: string; final: string; warm: ReadonlySet<string> },
): Promise<string[]> {
  const { basket, rig } = stage;
  const admin = rig.admin(cluster);
  const { versions } = await basket.record(cluster);
  const frontend = await admin.get<KubeObject & { spec: { selector: Record<string, string> } }>(
    `/api/v1/namespaces/${namespace}/services/basket`,
  );
  const pin = frontend.spec.selector[labels.version] ?? '';
  const others = await objectsIn(stage, cluster);
  return [
    ...(versions.proven?.[cluster]?.[final] === WHOLE ? [] : [`${cluster}: ${final} is not what is proven`]),
    ...(sameTraffic(versions.current, versions.proven) ? [] : [`${cluster}: it is half moved`]),
    ...(pin === final ? [] : [`${cluster}: callers past Envoy get ${pin || 'anything'}, not ${final}`]),
    ...others
      .filter((one) => versionOf(one) !== final && !warm.has(versionOf(one)))
      .map(({ kind, metadata }) => `${cluster}: ${kind} ${metadata.name} is left over`),
    ...others
      .filter(({ metadata }) => metadata.annotations?.[annotations.held] !== undefined)
      .map(({ kind, metadata }) => `${cluster}: ${kind} ${metadata.name} is still held`),
  ];
}

/** Versions of which any cluster has a Deployment or a Service of their own. */
export async function versionsThere(stage: Stage): Promise<Set<string>> {
  const all = await Promise.all(clusters.map((cluster) => objectsIn(stage, cluster)));
  return new Set(all.flat().map(versionOf));
}

/** Deployments and Services of the service's versions. */
async function objectsIn({ rig }: Stage, cluster: string): Promise<KubeObject[]> {
  const admin = rig.admin(cluster);
  const all = await Promise.all([
    list(admin, `/apis/apps/v1/namespaces/${namespace}/deployments`),
    list(admin, `/api/v1/namespaces/${namespace}/services`),
  ]);
  return all
    .flat()
    .filter(({ metadata }) => metadata.name !== 'basket')
    .filter(({ metadata: { labels: its } }) => its?.['app'] === 'basket' || its?.[labels.service] === 'basket');
}

const versionOf = ({ metadata }: KubeObject): string =>
  metadata.labels?.[labels.subsetVersion] ?? metadata.labels?.[labels.version] ?? '';

async function list(admin: ReturnType<Stage['rig']['admin']>, path: string): Promise<KubeObject[]> {
  const { kind, items } = await admin.get<{ kind: string; items: KubeObject[] }>(path);
  return items.map((item) => ({ ...item, kind: kind.replace(/List$/, '') }));
}

/** A settler may wait for its next due time; nothing else of the service is open once its run is over. */
async function openWorkflows({ stage }: Scene): Promise<string[]> {
  const left: string[] = [];
  for await (const { workflowId, type } of stage.rig.client.workflow.list({ query: "ExecutionStatus = 'Running'" }))
    if (type !== workflowNames.settle && workflowId.includes(':basket:') && workflowId.includes(DEFAULT_INSTALLATION))
      left.push(`the workflow ${workflowId} is still open`);
  return left;
}

/** The settlers' own audit: what would they still do, but for versions whose warm time is not over? */
async function unsettled({ stage }: Scene, warm: ReadonlySet<string>): Promise<string[]> {
  const { code, out, err } = await stage.rig.tidegate('audit', 'basket');
  const found = out.split('\n').filter((line) => line.startsWith('  found  '));
  const others = found.filter((line) => !warm.has(/^ {2}found {2}retire (\S+) at /.exec(line)?.[1] ?? ''));
  return code === 0 && others.length === 0 ? [] : [`audit: ${out}${err}`.trim()];
}
