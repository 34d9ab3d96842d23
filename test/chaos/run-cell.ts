/**
 * One cell: reach the phase, inject the fault, hold it, lift it, let the run go, wait for its end, and check what must hold
 * at every end. What is found wrong is a list of sentences; an empty one is a pass.
 */
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { mainVersion, sameTraffic } from '../../core/routing/weights.ts';
import { assertEventually } from '../support/eventually.ts';
import { limits } from '../support/limits.ts';
import { clusters } from '../lab/lab-service.ts';
import type { Stage } from '../lab/stage.ts';
import { allowedFailures, exposureFaults, failuresOutside, type Baseline } from './clients.ts';
import type { Cell, End } from './cells.ts';
import type { Gateways } from './gateways.ts';
import { heal, underFault, type Held } from './hold.ts';
import { leftovers, trafficFaults, versionsThere } from './leftovers.ts';
import { seeded } from './random.ts';
import type { Fault, Phase, Scene } from './scene.ts';

/** A fault comes up to so long after the phase was reached, ms. */
const JITTER_MS = 1_000;
/** Long enough for every retry that a run makes by itself; it is a hang that is caught here. */
const END_MS = 240_000;
/** What clients still see of a fault after it was lifted, ms: requests time out after 5 s. */
const AFTER_MS = 6_000;

/** Without a failure for so long, clients are served again, ms. */
const QUIET_MS = 3_000;

export interface Playground {
  readonly stage: Stage;
  readonly gateways: Gateways | undefined;
}

/** Moments are missing in lines of an older suite. */
export interface CellResult extends Partial<Held> {
  /** Why it is red; empty: it is green. */
  readonly wrong: readonly string[];
  readonly end: End | 'none';
  readonly reason: string;
  readonly requests: number;
  /** Failed requests that were not of the new version. */
  readonly failures: number;
  /** … as many as the same fault gives without a rollout, with the noise of counting. */
  readonly allowed: number;
  readonly newVersion: { readonly requests: number; readonly failures: number };
  /** From the beginning to the phase, ms. */
  readonly toPhaseMs: number;
  /** From the fault to the end of the run, ms. */
  readonly toEndMs: number;
  readonly tookMs: number;
  /** Version per cluster after the cell. */
  readonly serves: Readonly<Record<string, string>>;
}

export async function runCell(
  playground: Playground,
  { cell, seed, repeat, baseline }: { cell: Cell; seed: number; repeat: number; baseline: Baseline },
): Promise<CellResult> {
  const { stage } = playground;
  const { basket } = stage;
  const { fault, phase } = cell;
  const scene = await openScene(playground, seeded(seed, repeat, cell.id));
  const began = Date.now();
  await basket.configure({ warm: '3s', ...phase.rollout });
  await phase.reach(scene);
  await stage.rig.io.sleep(scene.random() * JITTER_MS);
  const injected = Date.now();
  const held = await underFault(scene, cell);
  const liftedInTime = Date.now();
  const { end, status } = await endOf(scene, phase);
  const ended = Date.now();
  await heal(scene);
  const lifted = fault.lastsMs === 'untilEnd' ? Date.now() : liftedInTime;
  const final = versionAt(end, scene, phase);
  await fault.mend?.(scene);
  if (phase.ended === true) await fault.mendAfterEnd?.(scene);
  await stage.rig.io.sleep(Math.max(0, AFTER_MS - (Date.now() - lifted)));
  const exposed = exposureFaults(await basket.clientsSaw(began), scene, { phase, end, status });
  const afterwards = [
    ...(await trafficFaults(stage, final)),
    ...(await leftovers(scene, { final, keepsWarm: phase.undoes === true })),
    ...(await forwardFault(scene)),
  ];
  // Last: what fails while versions leave counts as well.
  const seen = await basket.clientsSaw(began);
  const outside = failuresOutside(seen, scene, { fault, phase, injected });
  const allowed = allowedFailures(baseline);
  const wrong = [
    ...(cell.ends.includes(end as End)
      ? []
      : [`it ended ${end} (${status?.reason ?? ''}), not ${cell.ends.join(' or ')}`]),
    ...(outside.count > allowed
      ? [`${outside.count} failed requests outside the new version, ${allowed} are the fault's own: ${outside.text}`]
      : []),
    ...(end === 'promoted' && isLostUnproven(scene) ? ['it ended promoted, and a route was deleted unproven'] : []),
    ...exposed,
    ...afterwards,
  ];
  const own = seen.report.groups.filter(({ version }) => version === scene.version);
  const count = (groups: typeof own): number => groups.reduce((sum, group) => sum + group.count, 0);
  return {
    wrong,
    end,
    reason: status?.reason ?? '',
    requests: seen.requests,
    failures: outside.count,
    allowed,
    newVersion: { requests: count(own), failures: count(own.filter(({ outcome }) => outcome !== 'ok')) },
    ...held,
    toPhaseMs: injected - began,
    toEndMs: ended - injected,
    tookMs: Date.now() - began,
    serves: await served(stage),
  };
}

const isLostUnproven = ({ lost }: Scene): boolean =>
  lost !== undefined && !sameTraffic(lost.versions.current, lost.versions.proven);

/** The same fault on the same service while no rollout runs: what clients see of it is nobody's fault but the fault's. */
export async function runBaseline(playground: Playground, fault: Fault, seed: number): Promise<Baseline> {
  if (fault.ofRuns) return { failures: 0, requests: 0 };
  const scene = await openScene(playground, seeded(seed, 'baseline', fault.name));
  const began = Date.now();
  await underFault(scene, { fault });
  await fault.mend?.(scene);
  await quiet(scene.stage);
  const seen = await scene.stage.basket.clientsSaw(began);
  if (fault.wearsPods === true) await freshPods(scene);
  return { failures: seen.failed(), requests: seen.requests };
}

async function freshPods({ stage: { basket }, version }: Scene): Promise<void> {
  await basket.configure({ warm: '3s', rest: [100] });
  await basket.deploy(version);
  const { outcome, reason } = await basket.end();
  if (outcome !== 'promoted') throw new Error(`fresh pods could not be had: ${reason}`);
}

/** What the fault has broken answers again: a count that ended before would be too small. */
async function quiet({ basket, rig }: Stage): Promise<void> {
  await rig.io.sleep(AFTER_MS);
  await assertEventually(async () => {
    const lately = await basket.clientsSaw(Date.now() - QUIET_MS);
    if (lately.requests === 0 || lately.failed() > 0) throw new Error(`${lately.failed()} requests still fail`);
  }, limits.phase);
}

async function openScene({ stage, gateways }: Playground, random: () => number): Promise<Scene> {
  await stage.settle();
  const before = mainVersion((await stage.basket.allShares())['aws-us-east-1']);
  const version = stage.basket.newVersion();
  const others = await versionsThere(stage);
  return { stage, gateways, before, version, others, run: undefined, starting: undefined, lost: undefined, random };
}

/** The end of the run that the service has then: a run that was terminated is followed by its restore. */
async function endOf(scene: Scene, phase: Phase): Promise<{ end: End | 'none'; status: RolloutStatus | undefined }> {
  const { basket } = scene.stage;
  if (scene.starting !== undefined && (await scene.starting) !== '') return { end: 'refused', status: undefined };
  let status: RolloutStatus | undefined;
  let gone: End | undefined;
  try {
    await assertEventually(async () => {
      status = await basket.status();
      if (status.outcome !== null) return;
      gone = await endOfGone(scene, phase);
      if (gone === undefined) throw new Error(`it is ${status.phase}: ${status.reason}`);
    }, END_MS);
  } catch {
    return { end: 'none', status };
  }
  if (gone !== undefined) return { end: gone, status };
  await basket
    .handle()
    .result()
    .catch(() => undefined);
  const outcome = status?.outcome;
  const isNamed = outcome === 'promoted' || outcome === 'restored' || outcome === 'unproven';
  return { end: isNamed ? outcome : 'none', status };
}

/** A run that somebody has ended says no outcome: where nothing is half moved, the records say who serves. */
async function endOfGone(scene: Scene, phase: Phase): Promise<End | undefined> {
  const { basket } = scene.stage;
  const described = await basket.handle().describe();
  if (described.status.name === 'RUNNING') return undefined;
  const records = await Promise.all(clusters.map((cluster) => basket.record(cluster)));
  if (!records.every(({ versions }) => sameTraffic(versions.current, versions.proven))) return undefined;
  const forward = versionAt('promoted', scene, phase);
  return records.every((one) => one.versions.proven?.[one.cluster]?.[forward] !== undefined) ? 'promoted' : 'restored';
}

/** Who must serve everywhere after that end. */
function versionAt(end: End | 'none', { before, version }: Scene, { undoes }: Phase): string {
  const [forward, back] = undoes === true ? [before, version] : [version, before];
  return end === 'promoted' || end === 'unproven' ? forward : back;
}

/** A change that goes forward is planned by the real start path: it is refused where anything is in its way. */
async function forwardFault({ stage }: Scene): Promise<string[]> {
  try {
    await assertEventually(() => stage.basket.plan(stage.basket.newVersion()), limits.phase);
    return [];
  } catch (error) {
    return [`no forward change is accepted afterwards: ${String(error)}`];
  }
}

async function served({ basket }: Stage): Promise<Record<string, string>> {
  const shares = await basket.allShares().catch(() => ({}));
  return Object.fromEntries(Object.entries(shares).map(([cluster, one]) => [cluster, Object.keys(one).join('+')]));
}
