/** A lab with one service that benches change again and again, and what a change of it was. */
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { startChange } from '../../platform/temporal/start-change.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { Change } from '../../core/rollout/change.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { shopMesh } from '../../infra/lab/mesh.ts';
import { startLabRig, type LabRig } from '../support/lab-rig.ts';
import { present } from '../../core/values/json.ts';
import type { BenchContext } from './bench.ts';
import { metricsIntervalMs as defaultIntervalMs, rate as defaultRate } from './settings.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

export const service = 'checkout';

/** No change of a bench takes that long; a hung one must not hold the machine, ms. */
const CHANGE_MS = 10 * 60_000;
/** Between two looks at a state, ms. */
const LOOK_MS = 100;

export interface Step {
  readonly share: number;
  readonly bake: string;
  readonly approve?: boolean;
}

/** Of a Service document: first a wave in the first cluster, if it has steps, then one in all others. */
export interface Rollout {
  readonly canary?: readonly Step[];
  readonly rest: readonly Step[];
  /** How long the replaced version stays. */
  readonly warm: string;
  /** With its defaults. Missing: threshold, whose steps are as short as their bakes. */
  readonly judge?: 'sequential' | 'threshold';
}

export const steps = (bake: string, ...shares: number[]): Step[] => shares.map((share) => ({ share, bake }));

/** A change from its start to its end. Times in ms since the epoch. */
export interface Act {
  readonly plan: Plan;
  readonly handle: WorkflowHandle;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: RolloutStatus;
}

export interface Shop {
  readonly rig: LabRig;
  /** The first cluster: the one of the first wave. */
  readonly first: string;
  configure(rollout: Rollout): Promise<void>;
  /** Starts a change and waits for its end; `during` runs beside it. */
  play(change: Change, during?: (handle: WorkflowHandle) => Promise<void>): Promise<Act>;
  deploy(version: string, during?: (handle: WorkflowHandle) => Promise<void>): Promise<Act>;
  /** Waits for a state; false when the run ended in another one. */
  until(handle: WorkflowHandle, wanted: (status: RolloutStatus) => boolean): Promise<boolean>;
  /** Waits until nothing is left of what the last run replaced: a version, or the original Deployment of an adoption. */
  retired(plan: Plan): Promise<WorkflowHandle>;
  wait(ms: number): Promise<void>;
}

export interface ShopOptions extends Pick<BenchContext, 'signal' | 'report'> {
  readonly name: string;
  /** Requests per second of each cluster. */
  readonly rate?: number;
  /** Of the mesh, the first ones; default: all. */
  readonly clusters?: number;
  /** Pods push and Envoys are scraped that often, ms. */
  readonly metricsIntervalMs?: number;
  /** Script of the worker; default: this clone's. */
  readonly worker?: string;
}

/** A lab with traffic to the service; it ends when the work has. */
export async function withShop<T>(options: ShopOptions, work: (shop: Shop) => Promise<T>): Promise<T> {
  const { signal, report, name, rate = defaultRate, clusters, metricsIntervalMs = defaultIntervalMs, worker } = options;
  report('starting a lab');
  const rig = await startLabRig({
    name: `bench-${name}-${process.pid}`,
    mesh: mesh(clusters),
    metricsIntervalMs,
    signal,
    ...present({ worker }),
  });
  try {
    await rig.lab.traffic.start({ service, rate });
    return await work(createShop(rig, signal));
  } finally {
    await rig.stop();
  }
}

/** Without the services that no bench touches: their pods cost CPU. */
function mesh(clusters?: number): ReturnType<typeof shopMesh> {
  const shop = shopMesh();
  return {
    ...shop,
    clusters: shop.clusters.slice(0, clusters),
    services: shop.services.filter(({ name }) => name === service),
  };
}

function createShop(rig: LabRig, signal: AbortSignal): Shop {
  const [first = ''] = rig.lab.clusters.map(({ name }) => name);
  const statusOf = (handle: WorkflowHandle): Promise<RolloutStatus> => handle.query(messageNames.status);
  const wait = async (ms: number): Promise<void> => {
    signal.throwIfAborted();
    await rig.io.sleep(ms);
    signal.throwIfAborted();
  };
  const until: Shop['until'] = async (handle, wanted) => {
    const end = Date.now() + CHANGE_MS;
    for (;;) {
      const status = await statusOf(handle);
      if (wanted(status)) return true;
      if (status.outcome !== null) return false;
      if (Date.now() > end) throw new Error(`${handle.workflowId} stays in ${status.phase}: ${status.reason}`);
      await wait(LOOK_MS);
    }
  };
  const play: Shop['play'] = async (change, during) => {
    const startedAt = Date.now();
    const { plan, workflowId, runId } = await startChange(
      rig.client,
      { service, change },
      { installation: DEFAULT_INSTALLATION, tell: rig.io.stderr },
    );
    const handle = rig.client.workflow.getHandle(workflowId, runId);
    await during?.(handle);
    // Not by asking for its state again and again: that is work beside the traffic which is measured.
    await ended(handle, signal).catch((error: unknown) => {
      if (!(error instanceof WorkflowFailedError)) throw error;
    });
    return { plan, handle, startedAt, endedAt: Date.now(), status: await statusOf(handle) };
  };
  return {
    rig,
    first,
    wait,
    until,
    play,
    deploy: (version, during) => play({ kind: 'deploy', version, image: `registry.lab/${service}:${version}` }, during),
    configure: (rollout) => writeFile(join(rig.lab.env.TIDEGATE_CONFIG, `${service}.yaml`), document(rollout, first)),
    async retired(plan) {
      const { workflow } = rig.client;
      const rollout = await workflow
        .getHandle(rolloutWorkflowId(DEFAULT_INSTALLATION, { ...plan.service, part: 'versions' }))
        .describe();
      const handle = workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, plan.service));
      await settledSince(handle, { since: rollout.closeTime ?? rollout.startTime, wait });
      return handle;
    },
  };
}

interface Since {
  readonly since: Date;
  readonly wait: Shop['wait'];
}

/** The settler has ended after the run: nothing is left of what that replaced. (It may have started it, as a restore.) */
async function settledSince(handle: WorkflowHandle, { since, wait }: Since): Promise<void> {
  const end = Date.now() + CHANGE_MS;
  for (;;) {
    const found = await handle.describe().catch(() => null);
    const ended = found?.status.name === 'COMPLETED' ? found.closeTime : undefined;
    if (ended !== undefined && ended >= since) return;
    if (Date.now() > end) throw new Error(`${handle.workflowId} has not ended within ${CHANGE_MS / 60_000} minutes`);
    await wait(LOOK_MS);
  }
}

/** The end of a run, or an error: of the run, of the interruption, or because it takes too long. */
async function ended(handle: WorkflowHandle, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const late = sleep(CHANGE_MS, undefined, { signal: AbortSignal.any([signal, over.signal]) }).then(() => {
    throw new Error(`${handle.workflowId} has not ended within ${CHANGE_MS / 60_000} minutes`);
  });
  try {
    await Promise.race([handle.result(), late]);
  } finally {
    over.abort();
  }
}

function document({ canary, rest, warm, judge = 'threshold' }: Rollout, first: string): string {
  const waves = [
    ...(canary === undefined ? [] : [{ name: 'canary', clusters: { names: [first] }, steps: canary }]),
    { name: 'rest', clusters: 'rest', steps: rest },
  ];
  return stringify(
    {
      apiVersion: 'tidegate.dev/v1alpha1',
      kind: 'Service',
      metadata: { name: service, namespace: 'shop' },
      spec: {
        mesh: 'shop',
        port: 'http',
        judge: { type: judge },
        adopt: { bake: (canary ?? rest)[0]?.bake ?? '10s' },
        rollout: { waves, warmUp: '0s', progressDeadline: '1m', warm, maxUnknown: '2m', drain: '5s' },
      },
    },
    { aliasDuplicateObjects: false },
  );
}

/** Throws when a change did not end as it had to: its numbers would mean nothing. */
export function assertOutcome({ status, plan }: Act, wanted: RolloutStatus['outcome']): void {
  if (status.outcome === wanted) return;
  throw new Error(`${plan.kind} ${plan.version} ended ${status.outcome ?? status.phase}: ${status.reason}`);
}
