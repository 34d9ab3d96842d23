/** One service of the lab as its owner and its clients see it: config, changes, rollouts, records and traffic. */
import type { WorkflowHandle } from '@temporalio/client';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import { say } from '../../cli/rollouts/rollout.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { annotations } from '../../core/kube/labels.ts';
import type { Change } from '../../core/rollout/change.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { cecName } from '../../core/routing/names.ts';
import { parseRecord } from '../../core/routing/parse-record.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { sameTraffic } from '../../core/routing/weights.ts';
import { type Shares, WHOLE } from '../../core/values/share.ts';
import type { KubeObject } from '../../infra/lab/api/kube-client.ts';
import { documentedPort, type LabService as DeployedService } from '../../infra/lab/mesh.ts';
import type { ConnectionKind, TrafficReport } from '../../infra/lab/load/report.ts';
import { assertEventually } from '../support/eventually.ts';
import type { LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

export const clusters = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'] as const;

/** Requests per second of each cluster: enough for a proof within seconds, little enough for two cores. */
export const modestRate = 120;

/** Steps as [share in percent, 'approve'?]; every bake takes 2 s. */
export type Steps = readonly (number | readonly [number, 'approve'])[];

export interface Rollout {
  /** Steps of wave 1 (aws) and of wave 2 (the others); without the first there is one wave of all. */
  readonly canary?: Steps;
  readonly rest: Steps;
  readonly bake?: string;
  readonly onBreach?: 'cluster' | 'all';
  readonly maxUnknown?: string;
  readonly progressDeadline?: string;
  readonly warm?: string;
  /** Default: threshold, the objective alone, so that steps are short. */
  readonly judge?: 'sequential';
  readonly topology?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly failover?: readonly string[];
  /** Other fields of the document's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface LabService {
  readonly name: string;
  configure(rollout: Rollout): Promise<void>;
  /** A version name that no test of this service has used. */
  newVersion(): string;
  begin(change: Change): Promise<WorkflowHandle>;
  deploy(version: string): Promise<WorkflowHandle>;
  /** A deploy that is only planned, by the same workflow: it is refused where a deploy would be. */
  plan(version: string): Promise<void>;
  handle(): WorkflowHandle;
  status(): Promise<RolloutStatus>;
  /** Waits for a state of the running rollout; throws at once when it has ended in another one, or asks for a person. */
  until(wanted: (status: RolloutStatus) => boolean, withinMs?: number): Promise<RolloutStatus>;
  /** Waits for the end of the running rollout. */
  end(withinMs?: number): Promise<RolloutStatus>;
  say(type: Parameters<typeof say>[1], message: { reason: string; full?: boolean }): Promise<RolloutStatus>;
  cec(cluster: string): Promise<KubeObject & { spec: unknown }>;
  record(cluster: string): Promise<RoutingRecord>;
  /** Share of each version with traffic, as recorded for calls that start and end in the cluster, ppm. */
  shares(cluster: string): Promise<Shares>;
  /** Expects the version to have all of the cluster, proven and current. */
  whole(version: string): Record<string, Shares>;
  allShares(): Promise<Record<string, Shares>>;
  clientsSaw(since: number, until?: number): Promise<Seen>;
  /** Waits for that many requests sent from now on; gives what clients saw of them. */
  requests(count: number): Promise<Seen>;
  /** Waits until the metrics know of its traffic in every cluster, as one who adopts a service that runs can count on. */
  measured(): Promise<void>;
  /** Whatever a test left behind: no fault, a living worker, no open rollout, everything proven. */
  settle(): Promise<void>;
}

export interface Seen {
  readonly report: TrafficReport;
  readonly requests: number;
  /** Failed requests which were not answered by one of these versions, as text. */
  failuresOutside(...versions: string[]): string[];
  failed(): number;
  /** Requests by version that answered; failed ones of it included. */
  byVersion(client?: string, connection?: ConnectionKind): Record<string, number>;
}

function deployed(rig: LabRig, name: string): DeployedService {
  const found = rig.lab.mesh.services.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`the lab has no service ${name}`);
  return found;
}

export function labService(rig: LabRig, name: string): LabService {
  let last = 1;
  const service = deployed(rig, name);
  const { namespace } = service;
  const path = `/apis/cilium.io/v2/namespaces/${namespace}/ciliumenvoyconfigs/${cecName(name)}`;
  const id = rolloutWorkflowId(DEFAULT_INSTALLATION, { mesh: 'shop', namespace, service: name, part: 'versions' });
  const handle = (): WorkflowHandle => rig.client.workflow.getHandle(id);
  const status = (): Promise<RolloutStatus> => handle().query<RolloutStatus>(messageNames.status);
  const cec: LabService['cec'] = (cluster) => rig.admin(cluster).get(path);
  const record = async (cluster: string): Promise<RoutingRecord> =>
    parseRecord((await cec(cluster)).metadata.annotations?.[annotations.record] ?? '', cluster);
  const shares = async (cluster: string): Promise<Shares> =>
    withoutZeros((await record(cluster)).versions.current?.[cluster]);
  const clientsSaw = async (since: number, until?: number): Promise<Seen> =>
    seen(await rig.lab.traffic.report({ since, ...(until === undefined ? {} : { until }) }), name);
  const begin = async (change: Change): Promise<WorkflowHandle> => {
    const { runId, workflowId } = await startChange(
      rig.client,
      { service: name, change },
      { installation: DEFAULT_INSTALLATION, tell: rig.io.stderr },
    );
    return rig.client.workflow.getHandle(workflowId, runId);
  };
  const deployOf = (version: string): Change => ({
    kind: 'deploy',
    version,
    image: `registry.lab/${name}:${version}`,
  });
  const dryRun = async (change: Change): Promise<void> => {
    const asking = { installation: DEFAULT_INSTALLATION, tell: rig.io.stderr };
    await startChange(rig.client, { service: name, change, dryRun: true }, asking);
  };
  const until: LabService['until'] = async (wanted, withinMs = limits.phase) => {
    let now = await status();
    await assertEventually(async () => {
      now = await status();
      if (!wanted(now) && !isStuck(now)) throw new Error(`${name} is ${stateOf(now)}`);
    }, withinMs);
    if (!wanted(now)) throw new Error(`${name} will not get to the state waited for: ${stateOf(now)}`);
    return now;
  };
  return {
    name,
    handle,
    status,
    begin,
    until,
    cec,
    record,
    shares,
    clientsSaw,
    configure: (rollout) =>
      writeFile(join(rig.lab.env.TIDEGATE_CONFIG, `${name}.yaml`), serviceDocument(service, rollout)),
    newVersion: () => `v${(last += 1)}`,
    deploy: (version) => begin(deployOf(version)),
    plan: (version) => dryRun(deployOf(version)),
    async end(withinMs = limits.rollout) {
      const ended = await until(({ outcome }) => outcome !== null, withinMs);
      // The workflow closes a moment after its state: the next change must find the lock free.
      await handle()
        .result()
        .catch(() => undefined);
      return ended;
    },
    say: (type, message) => say(handle(), type, message),
    whole: (version) => Object.fromEntries(clusters.map((cluster) => [cluster, { [version]: WHOLE }])),
    async allShares() {
      return Object.fromEntries(await Promise.all(clusters.map(async (one) => [one, await shares(one)] as const)));
    },
    async requests(count) {
      const since = Date.now();
      let all = await clientsSaw(since);
      await assertEventually(async () => {
        all = await clientsSaw(since);
        if (all.requests < count) throw new Error(`${all.requests} of ${count} requests sent`);
      }, limits.requests);
      return all;
    },
    measured: () => assertEventually(() => dryRun({ kind: 'adopt' }), limits.phase),
    async settle() {
      await rig.lab.break('heal');
      await rig.startWorker();
      await closeRun(handle());
      // The settler of the service brings back what is half moved.
      await assertEventually(async () => {
        const found = await Promise.all(clusters.map((cluster) => record(cluster).catch(() => null)));
        const half = found.filter((one) => one !== null && !sameTraffic(one.versions.current, one.versions.proven));
        if (half.length > 0) throw new Error(`half moved: ${half.map((one) => one?.cluster).join(', ')}`);
        if (await isOpen(handle())) throw new Error('a restore is under way');
      }, limits.rollout);
    },
  };
}

/** Nothing happens any more without a person, and tests have none. */
const isStuck = ({ outcome, phase }: RolloutStatus): boolean => outcome !== null || phase === 'needs-person';
const stateOf = (now: RolloutStatus): string =>
  `${now.outcome ?? now.phase} in wave ${now.wave} step ${now.step}: ${now.reason}`;
const withoutZeros = (given: Shares | undefined): Shares =>
  Object.fromEntries(Object.entries(given ?? {}).filter(([, share]) => share > 0));

const isOpen = (handle: WorkflowHandle): Promise<boolean> =>
  handle.describe().then(
    ({ status: { name } }) => name === 'RUNNING',
    () => false,
  );

async function closeRun(handle: WorkflowHandle): Promise<void> {
  if (!(await isOpen(handle))) return;
  await say(handle, 'abort', { reason: 'a test left it open' }).catch(() => undefined);
  await handle.result().catch(() => undefined);
}

function seen(whole: TrafficReport, service: string): Seen {
  const groups = whole.groups.filter((group) => group.service === service);
  const report = { ...whole, groups, failures: whole.failures.filter((one) => one.service === service) };
  const count = (chosen: typeof groups): number => chosen.reduce((sum, group) => sum + group.count, 0);
  return {
    report,
    requests: count(groups),
    failed: () => count(groups.filter(({ outcome }) => outcome !== 'ok')),
    failuresOutside: (...versions) =>
      groups
        .filter(({ outcome, version }) => outcome !== 'ok' && !versions.includes(version))
        .map(
          (one) =>
            `${one.count} × ${one.outcome} of ${one.version || 'nobody'} in ${one.client} ${one.connection}: ${
              report.failures.find(({ version, kind }) => version === one.version && kind === one.outcome)?.detail ?? ''
            }`,
        ),
    byVersion(client, connection) {
      const result: Record<string, number> = {};
      for (const group of groups) {
        if (client !== undefined && group.client !== client) continue;
        if (connection !== undefined && group.connection !== connection) continue;
        result[group.version] = (result[group.version] ?? 0) + group.count;
      }
      return result;
    },
  };
}

function serviceDocument(service: DeployedService, rollout: Rollout): string {
  const { canary, rest, bake = '2s', topology, failover, judge, spec, ...settings } = rollout;
  const steps = (given: Steps): unknown =>
    given.map((one) => (typeof one === 'number' ? { share: one, bake } : { share: one[0], bake, approve: true }));
  return stringify(
    {
      apiVersion: 'tidegate.dev/v1alpha1',
      kind: 'Service',
      metadata: { name: service.name, namespace: service.namespace },
      spec: {
        mesh: 'shop',
        ...documentedPort(service),
        ...(topology === undefined ? {} : { topology }),
        ...(failover === undefined ? {} : { failover }),
        ...spec,
        judge: judge === undefined ? { type: 'threshold', interval: '1s', window: '20s' } : { type: judge, poll: '1s' },
        adopt: { bake },
        rollout: {
          waves: [
            ...(canary === undefined
              ? []
              : [{ name: 'canary', clusters: { names: [clusters[0]] }, steps: steps(canary) }]),
            { name: 'rest', clusters: 'rest', steps: steps(rest) },
          ],
          // The lab's pods have no caches that are cold at first.
          warmUp: '0s',
          progressDeadline: '1m',
          warm: '3s',
          maxUnknown: '1m',
          drain: '2s',
          ...settings,
        },
      },
    },
    { aliasDuplicateObjects: false },
  );
}
