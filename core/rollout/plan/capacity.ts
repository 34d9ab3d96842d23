/** Pods that a plan asks for: of each version, per serving cluster and step. */
import type { LoadedConfig } from '../../config/types.ts';
import { present } from '../../values/json.ts';
import { podsFor, type ForShare } from '../../workload/capacity/need.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import type { Change } from '../change.ts';
import { originals, workloadOf } from '../preflight/serving-facts.ts';
import { madeIn } from './adopted.ts';
import type { Plan, PlannedStep, PlannedWave } from './plan.ts';

interface Context {
  readonly config: LoadedConfig;
  readonly facts: readonly ClusterFacts[];
  readonly change: Change;
  /** Main proven version per serving cluster. */
  readonly proven: Readonly<Record<string, string>>;
}

/** A release and a restore give nothing a larger share. */
export function capacityOf(
  { config, facts, change, proven }: Context,
  { version, waves }: Pick<Plan, 'version' | 'waves'>,
): Pick<Plan, 'capacity'> {
  if (change.kind === 'release' || change.kind === 'restore') return {};
  const made = new Set(waves.flatMap((wave) => madeIn({ kind: change.kind, version, replaces: proven }, wave)));
  const pods = facts
    .filter(({ cluster }) => made.has(cluster))
    .flatMap((one) => {
      const replaced = workloadOf(one, proven[one.cluster]) ?? originals(one)[0];
      return replaced === undefined ? [] : [[one.cluster, replaced.ready || replaced.replicas] as const];
    });
  return { capacity: { mode: config.service.capacity ?? 'full', pods: Object.fromEntries(pods) } };
}

/** Do pods rise with the traffic while its run is open? An adoption watches for seconds, and replaces what others made. */
export const keepsCapacity = ({ capacity, kind, workload }: Plan): boolean =>
  capacity !== undefined && kind !== 'adopt' && workload === 'managed';

/** What the version is made ready for with its wave; absent: for all traffic. */
export function firstShare({ capacity, waves, ...plan }: Plan, serving: string): { readonly forShare?: ForShare } {
  const wave = waves.find((one) => madeIn(plan, one).includes(serving));
  const step = wave?.steps[0];
  if (capacity?.mode !== 'byShare' || step === undefined) return {};
  return present({ forShare: { mode: capacity.mode, share: step.share } });
}

/** Pods of the version that gets the share, per serving cluster. Empty: nobody knows how many the traffic needs. */
export function podsAt(plan: Plan, wave: PlannedWave, { share }: PlannedStep): Readonly<Record<string, number>> {
  const { capacity } = plan;
  if (capacity === undefined) return {};
  const known = madeIn(plan, wave).flatMap((name) => {
    const whole = capacity.pods[name];
    return whole === undefined ? [] : [[name, podsFor(whole, { mode: capacity.mode, share })] as const];
  });
  return Object.fromEntries(known);
}
