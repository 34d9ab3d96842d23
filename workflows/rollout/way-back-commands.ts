/**
 * The way back: never cancelled, retried without limit, and each client cluster by itself: written, proven and reported,
 * whatever the others do. Only a person's word ends the wait for one.
 */
import { CancellationScope, patched } from '@temporalio/workflow';
import { describeFailure } from '../failures.ts';
import type { RestoreInput } from '../../core/contract/activities.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { verifyBeside } from './other-parts.ts';
import { refIn } from './planned-writes.ts';
import {
  absentIn,
  activitiesOf,
  heardAs,
  ofPart,
  remember,
  start,
  verify,
  writerOf,
  type Handlers,
  type RunContext,
} from './run-context.ts';
import type { Writer } from '../../core/routing/changes.ts';
import { present } from '../../core/values/json.ts';

/** Of one client cluster: its write, and its proof. */
type Flows = Map<string, CancellationScope>;

export function wayBackCommands(context: RunContext): Handlers<'restore' | 'proveRestore' | 'giveUp'> {
  let flows: Flows = new Map();
  return {
    restore: ({ seq, clients, serving }) => {
      context.forward.cancel();
      context.forward = new CancellationScope();
      context.epoch += 1;
      // A run that was on its way back when this came proves all clusters together, and waits for its earlier writes.
      const oneByOne = patched('restore-one-by-one');
      // What an earlier way back of this run still tries would only be fenced out.
      if (oneByOne) for (const flow of flows.values()) flow.cancel();
      flows = new Map();
      const own = flows;
      const ways = clients.map((cluster) => ({
        seq,
        cluster,
        serving,
        oneByOne,
        by: writerOf(context, cluster, seq),
        told: -1,
      }));
      start(context, new CancellationScope({ cancellable: false }), seq, async () => {
        const ends = ways.map(async (way) => {
          const flow = new CancellationScope();
          own.set(way.cluster, flow);
          await flow.run(() => bringBack(context, way));
        });
        await allBut(context, clients, ends);
        await tellOthers(context, ways);
        context.emit({ type: 'done', seq });
      });
    },
    giveUp: ({ cluster, absence }) => {
      context.absent.set(cluster, absence);
      flows.get(cluster)?.cancel();
    },
    proveRestore: ({ seq }) =>
      start(context, new CancellationScope({ cancellable: false }), seq, async () => {
        const summary = 'prove by the traffic that it is back';
        const clusters = [...context.written.keys()].filter((cluster) => !context.absent.has(cluster));
        const proof = await verify(context, clusters, { mode: 'restored', summary });
        context.emit({ type: 'proved', seq, proof });
      }),
  };
}

interface BringBack {
  readonly seq: number;
  readonly cluster: string;
  /** Serving clusters; empty = all. */
  readonly serving: readonly string[];
  /** As it was when this way back began: a later one fences it. */
  readonly by: Writer;
  readonly oneByOne: boolean;
  /** How many absent clusters its record names; -1 before it is written. */
  told: number;
}

async function bringBack(context: RunContext, way: BringBack): Promise<void> {
  const { seq, cluster, oneByOne } = way;
  try {
    // What a write of many clusters has just begun there nobody knows before it ends: its cancellation is under way. The
    // run has moved no traffic there yet.
    if (!context.written.has(cluster) && context.batches.size > 0) await Promise.all([...context.batches]);
    await writeBack(context, way);
    context.emit({ type: 'restoredOne', seq, cluster });
    if (!oneByOne) return;
    const summary = `${cluster}: prove by the traffic that it is back`;
    const writeAgain = (): Promise<void> => writeBack(context, way);
    const options = { mode: 'restored', summary, by: 'verifyRestored', writeAgain } as const;
    const proof = await verifyBeside(context, [cluster], options);
    context.emit({ type: 'provedOne', seq, cluster, proof });
  } catch (error) {
    // Told at once: others may take long.
    if (!context.absent.has(cluster))
      context.emit({ type: 'failedOne', seq, cluster, reason: describeFailure(error).message });
    throw error;
  }
}

async function writeBack(context: RunContext, way: BringBack): Promise<void> {
  const { cluster } = way;
  const input = restoreInput(context, way);
  const back = await activitiesOf(context, 'restore', `${cluster}: back to the proven weights`).restore(input);
  heardAs(context, back.by);
  remember(context, cluster, back);
  way.told = Object.keys(input.absent ?? {}).length;
}

const restoreInput = (context: RunContext, { cluster, by, serving }: BringBack): RestoreInput => ({
  service: context.plan.service,
  // As the plan has it: one of an older worker may be the only one to know how it is reached.
  cluster: refIn(context.plan, cluster),
  ...ofPart(context.plan),
  ...by,
  serving,
  absent: absentIn(context),
  ...present({ newest: context.plan.newest, pinBack: pinBackIn(context.plan, cluster) }),
});

/** Only for a cluster whose record is lost: the others' records say it. */
function pinBackIn({ version, replaces }: Plan, cluster: string): RestoreInput['pinBack'] {
  const to = replaces[cluster] ?? '';
  return to === '' || to === version ? undefined : { from: version, to };
}

/** Longest that the end of a way back waits for a record to name who was given up, ms. */
const TELL_MS = 60_000;

/** Records that were written before a cluster was given up are to name it, too. The run ends whether they do or not. */
async function tellOthers(context: RunContext, ways: readonly BringBack[]): Promise<void> {
  const untold = ways.filter(
    ({ cluster, told }) => told >= 0 && told < context.absent.size && !context.absent.has(cluster),
  );
  const told = untold.map(async (way) => {
    const summary = `${way.cluster}: its record names who was given up`;
    const bounded = activitiesOf(context, 'restore', summary, { scheduleToCloseTimeout: TELL_MS });
    try {
      await bounded.restore(restoreInput(context, way));
    } catch (error) {
      const { message } = describeFailure(error);
      context.emit({ type: 'untold', seq: way.seq, cluster: way.cluster, reason: message });
    }
  });
  await Promise.all(told);
}

/** Waits for the end of every cluster's way back; what came of those that were given up is nobody's failure. */
async function allBut(
  { absent }: RunContext,
  clients: readonly string[],
  ends: readonly Promise<void>[],
): Promise<void> {
  const settled = await Promise.allSettled(ends);
  const failed = settled.find((end, i) => end.status === 'rejected' && !absent.has(clients[i] ?? ''));
  if (failed?.status === 'rejected') throw failed.reason;
}
