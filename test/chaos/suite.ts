/** Runs cells one after the other on one lab, and starts another lab where a red cell has left it unfit. */
import { startLabRig, type LabRig } from '../support/lab-rig.ts';
import { openStage } from '../lab/stage.ts';
import type { Baseline } from './clients.ts';
import { openGateways, type Gateways } from './gateways.ts';
import type { Results, Run } from './results.ts';
import { runBaseline, runCell, type CellResult, type Playground } from './run-cell.ts';
import type { Fault } from './scene.ts';
import type { Turn } from './turns.ts';

/** Requests per second of each cluster: a suite runs for hours beside others, and asks for no statistics. */
const RATE = 60;

interface Ground extends Playground {
  readonly rig: LabRig;
  readonly gateways: Gateways;
}

async function openGround(tell: (line: string) => void): Promise<Ground> {
  tell('starting a lab');
  const rig = await startLabRig();
  try {
    const gateways = await openGateways(rig);
    // Another worker: it reads where the gateways are.
    await rig.lab.worker.kill();
    await rig.startWorker();
    return { rig, gateways, stage: await openStage(rig, RATE) };
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

async function closeGround({ rig, gateways }: Ground): Promise<void> {
  await gateways.close();
  await rig.stop();
}

/** Runs the turns until they are over or `isOver` says that time is up. */
export async function runSuite(
  turns: readonly Turn[],
  { results, tell, isOver }: { results: Results; tell: (line: string) => void; isOver: () => boolean },
): Promise<void> {
  let ground: Ground | undefined;
  try {
    for (const [i, turn] of turns.entries()) {
      if (isOver()) return tell(`time is up: ${turns.length - i} runs are left; go on with --resume`);
      ground ??= await openGround(tell);
      const at = new Date().toISOString();
      const result = await tried(ground, turn, results);
      const run: Run = { cell: turn.cell.id, seed: turn.seed, repeat: turn.repeat, at, ...result };
      results.add(run);
      tell(`${i + 1}/${turns.length} ${lineOf(run)}`);
      if (result.wrong.length === 0 || (await isFit(ground))) continue;
      // What a red cell has left behind would make the next one red, too.
      await closeGround(ground);
      ground = undefined;
    }
  } finally {
    if (ground !== undefined) await closeGround(ground);
  }
}

/** One version has everything everywhere, and nothing is under way. */
async function isFit({ stage, gateways }: Ground): Promise<boolean> {
  gateways.heal();
  try {
    await stage.settle();
    const shares = Object.values(await stage.basket.allShares());
    const versions = new Set(shares.flatMap((one) => Object.keys(one)));
    return versions.size === 1 && shares.every((one) => Object.keys(one).length === 1);
  } catch {
    return false;
  }
}

/** A harness that cannot go on is a red cell as well: nobody knows what it would have seen. */
async function tried(ground: Ground, turn: Turn, results: Results): Promise<CellResult> {
  const began = Date.now();
  try {
    return await runCell(ground, { ...turn, baseline: await baselineOf(ground, turn.cell.fault, { turn, results }) });
  } catch (error) {
    const nothing = { requests: 0, failures: 0 };
    return {
      ...{ wrong: [`the cell could not be played: ${String(error)}`], end: 'none', reason: '', ...nothing, allowed: 0 },
      ...{ newVersion: nothing, toPhaseMs: 0, toEndMs: 0, tookMs: Date.now() - began, serves: {} },
    };
  }
}

async function baselineOf(
  ground: Ground,
  fault: Fault,
  { turn, results }: { turn: Turn; results: Results },
): Promise<Baseline> {
  const known = results.baselines.get(fault.name);
  if (known !== undefined) return known;
  const baseline = await runBaseline(ground, fault, turn.seed);
  results.add({ baseline: fault.name, at: new Date().toISOString(), ...baseline });
  return baseline;
}

const lineOf = ({
  cell,
  seed,
  repeat,
  wrong,
  end,
  failures,
  allowed,
  requests,
  toPhaseMs,
  toEndMs,
  tookMs,
}: Run): string =>
  [
    wrong.length === 0 ? 'ok  ' : 'RED ',
    `${cell} (seed ${seed}${repeat === 1 ? '' : `, repeat ${repeat}`})`,
    `${end} in ${[toPhaseMs, toEndMs, tookMs - toPhaseMs - toEndMs].map((ms) => (ms / 1_000).toFixed(0)).join(' + ')} s`,
    `${failures} of ${requests} failed (${allowed} allowed)`,
    ...wrong,
  ].join(' · ');
