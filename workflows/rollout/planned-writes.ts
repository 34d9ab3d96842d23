/** What a plan will write, per cluster: the inputs of the activities that write it. */
import type { DryRunWritesInput, PrepareVersionInput, RunBeforeInput } from '../../core/contract/activities.ts';
import { madeIn } from '../../core/rollout/plan/adopted.ts';
import { firstShare } from '../../core/rollout/plan/capacity.ts';
import { entryOf, patchFor } from '../../core/rollout/plan/patch.ts';
import type { Plan, PlannedWave } from '../../core/rollout/plan/plan.ts';
import type { ApplyRoutingInput } from '../../core/routing/changes.ts';
import type { VersionShares } from '../../core/routing/record.ts';
import { present } from '../../core/values/json.ts';

export function prepareInput(plan: Plan, cluster: string, run: string): PrepareVersionInput {
  const source = plan.sources[cluster];
  if (source === undefined) throw new RangeError(`plan has no source for ${cluster}`);
  return {
    service: plan.service,
    cluster: refIn(plan, cluster),
    version: plan.version,
    replaces: plan.replaces[cluster] ?? '',
    source,
    workload: plan.workload,
    progressDeadlineMs: plan.progressDeadlineMs,
    run,
    ...firstShare(plan, cluster),
    ...(plan.existed && { existed: true as const }),
    ...(plan.marksOriginals === true && { marksOriginal: true as const }),
  };
}

export const beforeInput = (plan: Plan, cluster: string): RunBeforeInput => ({
  service: plan.service,
  cluster: refIn(plan, cluster),
  version: plan.version,
  jobs: plan.before ?? [],
  epoch: plan.epoch,
  throughEnvoy: plan.routes[cluster]?.includes(cluster) === true,
});

/** Every object of the run once, as its last step will have it. Before the run has an id. */
export function plannedWrites(plan: Plan): DryRunWritesInput[] {
  const { service, version } = plan;
  const serving = new Set(plan.waves.flatMap((wave) => madeIn(plan, wave)));
  const names = new Set(plan.waves.flatMap((wave) => [...wave.clients, ...wave.serving]));
  return [...names].map((name) => {
    const waves = plan.waves.filter(({ clients }) => clients.includes(name));
    return {
      service,
      cluster: refIn(plan, name),
      ...(serving.has(name) && { prepare: prepareInput(plan, name, ''), pin: version }),
      ...(serving.has(name) && plan.before !== undefined && { before: beforeInput(plan, name) }),
      ...(waves.length > 0 && { routing: routingInput(plan, name, waves) }),
    };
  });
}

function routingInput(plan: Plan, cluster: string, waves: readonly PlannedWave[]): ApplyRoutingInput {
  const last = waves.map((wave) => wave.steps.at(-1) ?? entryOf(wave));
  const versions = Object.assign({}, ...last.map((one) => one.versions)) as VersionShares;
  // Only versions move in several waves.
  const patch = patchFor(last.find(({ topology }) => topology !== undefined) ?? { versions }, {
    client: cluster,
    routes: plan.routes,
  });
  return {
    service: plan.service,
    cluster: refIn(plan, cluster),
    epoch: plan.epoch,
    run: '',
    ...patch,
    ...present({ initial: plan.initial[cluster] }),
  };
}

export function refIn({ clusters }: Plan, cluster: string): Plan['clusters'][string] {
  const ref = clusters[cluster];
  if (ref === undefined) throw new RangeError(`plan has no cluster ${cluster}`);
  return ref;
}
