/** What a drill was expected to do, and what was seen. */
import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { MeasureLoadResult } from '../../core/contract/drill.ts';
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import { readyPods } from '../../core/rollout/failing-over.ts';
import { drillRows, type DrillReport } from '../../core/topology/drilled.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import type { Drilling } from './drilling.ts';

const options = activityOptions(noPlan, installation());
const { measureLoad } = proxyActivities<RolloutActivities>({ ...options.measureLoad, summary: 'who calls whom?' });
const { readRecords } = proxyActivities<RolloutActivities>({ ...options.readRecords, summary: 'how many pods?' });

/** As long as it is looked back before anything moves, ms. */
const BEFORE_MS = 5 * 60_000;

interface Before {
  readonly load: MeasureLoadResult;
  /** Ready pods of each service, per serving cluster. */
  readonly pods: readonly Readonly<Record<string, number>>[];
}

export async function loadBefore(listed: ListServicesResult, drills: readonly Drilling[]): Promise<Before> {
  const toMs = Date.now();
  const [load, pods] = await Promise.all([
    loadWithin(listed, drills, { fromMs: toMs - BEFORE_MS, toMs }),
    Promise.all(drills.map((one) => podsOf(listed, one))),
  ]);
  return { load, pods };
}

async function loadWithin(
  { mesh, clusters }: ListServicesResult,
  drills: readonly Drilling[],
  window: { readonly fromMs: number; readonly toMs: number },
): Promise<MeasureLoadResult> {
  try {
    return await measureLoad({ mesh, clusters, services: drills.map(({ of }) => of.service), ...window });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { services: [], problem: describeFailure(error).message };
  }
}

/** Those that cannot be read now are not known. */
async function podsOf({ clusters }: ListServicesResult, { of }: Drilling): Promise<Readonly<Record<string, number>>> {
  try {
    return readyPods((await readRecords({ service: of.service, clusters })).clusters);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return {};
  }
}

interface Reported {
  readonly listed: ListServicesResult;
  readonly drills: readonly Drilling[];
  readonly before: Before;
  readonly startedAtMs: number;
  readonly cluster: string;
}

export async function reportOf({ listed, drills, before, startedAtMs, cluster }: Reported): Promise<DrillReport> {
  const begun = drills.filter(({ run }) => run !== null);
  const full = begun.flatMap((one) => one.full ?? []);
  const together = {
    fromMs: Math.max(...full.map(({ fromMs }) => fromMs)),
    toMs: Math.min(...full.map(({ toMs }) => toMs)),
  };
  const isTogether = begun.length > 0 && full.length === begun.length && together.toMs > together.fromMs;
  const seen: MeasureLoadResult = isTogether
    ? await loadWithin(listed, begun, together)
    : { services: [], problem: 'not all services were moved at the same time' };
  const flowsIn = ({ services }: MeasureLoadResult, name: string) =>
    services.find(({ service }) => service === name)?.flows ?? [];
  const problems = [
    ...(before.load.problem === '' ? [] : [`before the drill: ${before.load.problem}`]),
    ...(seen.problem === '' ? [] : [`while it was moved: ${seen.problem}`]),
  ];
  const outcome = drills.some(({ phase }) => phase === 'failed')
    ? 'failed'
    : drills.some(({ phase }) => phase === 'left')
      ? 'incomplete'
      : 'held';
  return {
    ...{ outcome, startedAtMs, endedAtMs: Date.now(), problems },
    togetherMs: isTogether ? together.toMs - together.fromMs : 0,
    services: drills.flatMap((one, i) => {
      if (one.run === null) return [];
      const service = `${one.of.service.namespace}/${one.of.service.service}`;
      const flows = { before: flowsIn(before.load, service), seen: flowsIn(seen, service) };
      const known = { pods: before.pods[i] ?? {}, ratePerReplica: one.of.ratePerReplica ?? null };
      return [{ service, ...drillRows({ cluster, moves: one.moves, ...flows, ...known }) }];
    }),
  };
}
