/** Runs the commands of the state machine as activities and reports each end as an event. */
import {
  CancellationScope,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActivityInterfaceFor } from '@temporalio/workflow';
import type {
  ApplyRoutingResult,
  RolloutActivities,
  VerifyMode,
  VerifyRoutingResult,
} from '../core/contract/activities.ts';
import { retireWorkflowId } from '../core/contract/names.ts';
import type { ClusterRef, Plan } from '../core/contract/plan.ts';
import { formatShare } from '../core/rollout/describe.ts';
import type { Command, RolloutEvent, RolloutState } from '../core/rollout/state.ts';
import { strataOf } from '../core/rollout/strata.ts';
import { activityOptions } from './activity-options.ts';
import { describeFailure } from './failures.ts';
import { retire, type RetireInput } from './retire.ts';

type Message = RolloutEvent extends infer E ? (E extends { atMs: number } ? Omit<E, 'atMs'> : never) : never;
type Written = Pick<ApplyRoutingResult, 'weights' | 'writtenAtMs'> & { readonly withdrawn: readonly string[] };

/** Time that a forward step, and a restore, may take to be proven by the traffic, ms. */
const VERIFY_MS = 30_000;

export interface Runner {
  run(command: Command, state: RolloutState): void;
  /** Resolves when nothing that was started is still under way. */
  settled(): Promise<void>;
}

export function createRunner(plan: Plan, emit: (message: Message) => void): Runner {
  const options = activityOptions(plan);
  const run = workflowInfo().runId;
  const { service } = plan;
  let forward = new CancellationScope();
  let watching: CancellationScope | null = null;
  let { epoch } = plan;
  const written = new Map<string, Written>();
  const sinceMs: Record<string, number> = {};
  const open = new Set<Promise<void>>();

  const refOf = (cluster: string): ClusterRef => {
    const ref = plan.clusters[cluster];
    if (ref === undefined) throw new RangeError(`plan has no cluster ${cluster}`);
    return ref;
  };
  const act = (name: keyof RolloutActivities, summary: string): ActivityInterfaceFor<RolloutActivities> =>
    // The way back does not wait until a cancelled forward activity has heard of it.
    proxyActivities<RolloutActivities>({ ...options[name], summary, cancellationType: 'TRY_CANCEL' });

  /** Runs work for every cluster to its end: a failure never leaves siblings unseen; the first failure is thrown then. */
  const each = async (clusters: readonly string[], work: (cluster: string) => Promise<void>): Promise<void> => {
    const ends = await Promise.allSettled(clusters.map(work));
    const failed = ends.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };

  /** Starts work in a scope of its own and reports its failure under seq. */
  const start = (scope: CancellationScope, seq: number, work: () => Promise<void>): void => {
    const end = scope
      .run(work)
      .catch((error: unknown) => {
        const { code, message } = describeFailure(error);
        emit({ type: 'failed', seq, reason: message, code });
      })
      .finally(() => open.delete(end));
    open.add(end);
  };

  const apply = async (
    wave: Plan['waves'][number],
    versions: Plan['waves'][number]['enter'],
    redirect: boolean,
    label: string,
  ): Promise<void> => {
    await each(wave.clients, async (cluster) => {
      const initial = plan.initial[cluster];
      const result = await act('applyRouting', `${cluster}: ${label}`).applyRouting({
        service,
        cluster: refOf(cluster),
        epoch,
        run,
        versions,
        ...(initial === undefined ? {} : { initial }),
        redirect,
      });
      written.set(cluster, { weights: result.weights, writtenAtMs: result.writtenAtMs, withdrawn: [] });
    });
    const latest = Math.max(...wave.clients.map((cluster) => written.get(cluster)?.writtenAtMs ?? 0));
    for (const serving of wave.serving) sinceMs[serving] = latest;
  };

  const verify = async (clusters: readonly string[], mode: VerifyMode, label: string): Promise<VerifyRoutingResult> => {
    const targets = clusters.flatMap((cluster) => {
      const last = written.get(cluster);
      return last === undefined ? [] : [{ cluster: refOf(cluster), ...last }];
    });
    return act('verifyRouting', label).verifyRouting({
      service,
      mode,
      targets,
      metrics: plan.metrics,
      timeoutMs: VERIFY_MS,
    });
  };

  const waveAt = (index: number): Plan['waves'][number] => {
    const wave = plan.waves[index];
    if (wave === undefined) throw new RangeError(`plan has no wave ${index}`);
    return wave;
  };

  const handlers: { [K in Command['type']]: (command: Extract<Command, { type: K }>, state: RolloutState) => void } = {
    prepare: ({ seq, wave }) =>
      start(forward, seq, async () => {
        if (wave === 0) await keep(plan);
        await each(waveAt(wave).serving, async (cluster) => {
          const source = plan.sources[cluster];
          if (source === undefined) throw new RangeError(`plan has no source for ${cluster}`);
          await act('prepareVersion', `${cluster}: make ${plan.version} ready`).prepareVersion({
            service,
            cluster: refOf(cluster),
            version: plan.version,
            replaces: plan.replaces[cluster] ?? '',
            source,
            workload: plan.workload,
            progressDeadlineMs: plan.progressDeadlineMs,
            run,
          });
        });
        emit({ type: 'done', seq });
      }),
    enter: ({ seq, wave }) =>
      start(forward, seq, async () => {
        const planned = waveAt(wave);
        await apply(planned, planned.enter, plan.kind !== 'adopt', `${plan.version} enters with weight 0`);
        const proof = await verify(planned.clients, 'entered', `every Envoy knows ${plan.version}`);
        emit({ type: 'proved', seq, proof });
      }),
    apply: ({ seq, wave, step }) =>
      start(forward, seq, async () => {
        const planned = waveAt(wave);
        const at = planned.steps[step];
        if (at === undefined) throw new RangeError(`wave ${planned.name} has no step ${step}`);
        await apply(planned, at.versions, true, `${formatShare(at.share)} to ${plan.version}`);
        emit({ type: 'done', seq });
      }),
    verify: ({ seq, wave, step }) =>
      start(forward, seq, async () => {
        const planned = waveAt(wave);
        const proof = await verify(
          planned.clients,
          'forward',
          `prove ${formatShare(planned.steps[step]?.share ?? 0)} by the traffic`,
        );
        emit({ type: 'proved', seq, proof });
      }),
    watch: ({ seq, mode, bakeMs }, state) => {
      watching?.cancel();
      const scope = new CancellationScope();
      watching = scope;
      const { metrics } = plan;
      if (metrics === null) return;
      const work = scope
        .run(() =>
          act(
            'watchSlo',
            mode === 'bake' ? `bake wave ${state.wave + 1} step ${state.step + 1}` : 'guard what has moved',
          ).watchSlo({
            service,
            metrics,
            strata: strataOf(plan, state.shares, sinceMs),
            slos: plan.slos,
            judge: plan.judge,
            warmUpMs: plan.warmUpMs,
            mode,
            bakeMs,
            maxUnknownMs: plan.maxUnknownMs,
          }),
        )
        .then((result) => emit({ type: 'watched', seq, result }))
        .catch((error: unknown) => {
          // A watch that was replaced ends by cancellation; the state machine ignores its number.
          const { code, message } = describeFailure(error);
          emit({ type: 'failed', seq, reason: `the watch failed: ${message}`, code });
        })
        .finally(() => open.delete(work));
      open.add(work);
    },
    stopWatch: () => {
      watching?.cancel();
      watching = null;
    },
    commit: ({ seq, serving }) =>
      start(new CancellationScope({ cancellable: false }), seq, async () => {
        const clusters = [...new Set(plan.waves.flatMap((wave) => [...wave.clients, ...wave.serving]))];
        await each(clusters, async (cluster) => {
          const pin = serving.includes(cluster) ? plan.version : '';
          await act('commit', `${cluster}: ${plan.version} is proven`).commit({
            service,
            cluster: refOf(cluster),
            epoch,
            run,
            serving,
            pin,
          });
        });
        emit({ type: 'done', seq });
      }),
    restore: ({ seq, clients, serving }) => {
      forward.cancel();
      forward = new CancellationScope();
      // A late answer of a forward write is fenced out by the higher epoch.
      epoch += 1;
      start(new CancellationScope({ cancellable: false }), seq, async () => {
        await each(clients, async (cluster) => {
          const result = await act('restore', `${cluster}: back to the proven weights`).restore({
            service,
            cluster: refOf(cluster),
            epoch,
            run,
            serving,
          });
          written.set(cluster, {
            weights: result.weights,
            writtenAtMs: result.writtenAtMs,
            withdrawn: result.withdrawn,
          });
          emit({ type: 'restoredOne', seq, cluster });
        });
        emit({ type: 'done', seq });
      });
    },
    proveRestore: ({ seq }) =>
      start(new CancellationScope({ cancellable: false }), seq, async () => {
        const proof = await verify([...written.keys()], 'restored', 'prove by the traffic that it is back');
        emit({ type: 'proved', seq, proof });
      }),
    release: ({ seq }) =>
      start(forward, seq, async () => {
        await each(waveAt(0).clients, async (cluster) => {
          await act('releaseService', `${cluster}: give ${service.service} back`).releaseService({
            service,
            cluster: refOf(cluster),
            epoch,
            run,
            drainMs: plan.drainMs,
          });
        });
        emit({ type: 'done', seq });
      }),
    retire: ({ what }) => {
      const work = retirements(plan, what)
        .reduce(async (before, input) => {
          await before;
          await startRetirement(input);
        }, Promise.resolve())
        .finally(() => open.delete(work));
      open.add(work);
    },
  };

  return {
    run: (command, state) =>
      (handlers[command.type] as (command: Command, state: RolloutState) => void)(command, state),
    settled: async () => {
      forward.cancel();
      watching?.cancel();
      await Promise.allSettled([...open]);
    },
  };
}

/** A version that is wanted again must not be taken away by an earlier run's warm time. */
async function keep(plan: Plan): Promise<void> {
  try {
    await getExternalWorkflowHandle(retireWorkflowId({ ...plan.service, version: plan.version })).cancel();
  } catch {
    // Not running: the usual case.
  }
}

function retirements(plan: Plan, what: 'replaced' | 'failed'): RetireInput[] {
  const { service, drainMs } = plan;
  const clusters = Object.values(plan.clusters);
  if (plan.kind === 'restore' || plan.kind === 'release') return [];
  if (what === 'failed') {
    if (plan.kind === 'undo') return [];
    return [{ service, clusters, version: plan.version, warmMs: 0, drainMs }];
  }
  if (plan.kind === 'adopt') {
    const originals = [...new Set(Object.values(plan.sources).map((source) => source.deployment))];
    return originals.map((original) => ({
      service,
      clusters,
      version: `original-${original}`,
      original,
      warmMs: 0,
      drainMs,
    }));
  }
  const replaced = [...new Set(Object.values(plan.replaces))].filter((version) => version !== plan.version);
  return replaced.map((version) => ({ service, clusters, version, warmMs: plan.warmMs, drainMs }));
}

async function startRetirement(input: RetireInput): Promise<void> {
  try {
    await startChild(retire, {
      workflowId: retireWorkflowId({ ...input.service, version: input.version }),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${input.service.service}: ${input.original ?? input.version} leaves${input.warmMs > 0 ? ' after its warm time' : ''}`,
    });
  } catch {
    // A retirement of that version is under way already; it is level-based and does the same.
  }
}
