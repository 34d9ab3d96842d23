/** The way forward: prepare, enter, apply, verify, commit, release. */
import { ApplicationFailure, CancellationScope, patched } from '@temporalio/workflow';
import { madeIn, versionIn } from '../../core/rollout/plan/adopted.ts';
import type { CommitInput } from '../../core/contract/activities.ts';
import type { Command } from '../../core/rollout/machine/state.ts';
import { atOnceOf } from '../../core/rollout/plan/fan-out.ts';
import { entryOf, patchFor } from '../../core/rollout/plan/patch.ts';
import { openRoutes } from '../../core/rollout/plan/open-routes.ts';
import type { Plan, PlannedPatch, PlannedStep, PlannedWave } from '../../core/rollout/plan/plan.ts';
import { stepAt } from '../../core/rollout/plan/planned-at.ts';
import { statName } from '../../core/routing/names.ts';
import { partOf } from '../../core/routing/part.ts';
import { formatShare } from '../../core/values/share.ts';
import { assertAlone, assertJoined, assertStillBeside, verifyBeside } from './other-parts.ts';
import { holdCapacity, keepCapacity } from './capacity.ts';
import { writeEach } from './many-clusters.ts';
import { prepareInput } from './planned-writes.ts';
import { stopOthers } from './retirements.ts';
import {
  absentIn,
  activitiesOf,
  forEach,
  heardAs,
  ofPart,
  refOf,
  remember,
  start,
  track,
  verify,
  waveOf,
  writerOf,
  type Handlers,
  type RunContext,
} from './run-context.ts';
import { present } from '../../core/values/json.ts';

type Forward = 'prepare' | 'enter' | 'apply' | 'verify' | 'confirm' | 'takeBack' | 'commit' | 'release';

export const forwardCommands = (context: RunContext): Handlers<Forward> => ({
  prepare: ({ seq, wave }) => start(context, context.forward, seq, () => prepare(context, seq, wave)),
  enter: ({ seq, wave, held }) =>
    start(context, context.forward, seq, async () => {
      const planned = waveOf(context, wave);
      if (held === undefined) await enter(context, seq, planned);
      const summary = `every Envoy knows ${context.plan.version}`;
      const proof = await verify(context, planned.clients, {
        mode: 'entered',
        summary,
        ...(held && { untilTested: held }),
      });
      context.emit({ type: 'proved', seq, proof });
    }),
  apply: ({ seq, wave, step }) =>
    start(context, context.forward, seq, async () => {
      const { planned, at } = stepOf(context, wave, step);
      const summary = `${formatShare(at.share)} to ${context.plan.version}`;
      // A run that was reset may come here long after its entry.
      if (at.topology !== undefined) await assertJoined(context);
      // For a wave's first share the version has just been made ready.
      if (step > 0) await keepCapacity(context, planned, at.share);
      holdCapacity(context, planned);
      await write(context, planned, { seq, patch: at, redirect: true, summary, isStep: true });
      context.emit({ type: 'done', seq });
    }),
  verify: ({ seq, wave, step }) =>
    start(context, context.forward, seq, async () => {
      const { planned, at } = stepOf(context, wave, step);
      const summary = `prove ${formatShare(at.share)} by the traffic`;
      const writeAgain = (): Promise<void> =>
        write(context, planned, { seq, patch: at, redirect: true, summary: 'is it still as it was written?' });
      const proof = await verifyBeside(context, planned.clients, { mode: 'forward', summary, writeAgain });
      context.emit({ type: 'proved', seq, proof });
    }),
  confirm: ({ seq }) =>
    start(context, context.forward, seq, async () => {
      await confirm(context, seq);
      context.emit({ type: 'done', seq });
    }),
  takeBack: (command) => {
    const work = context.forward.run(() => takeBack(context, command));
    context.takenBack = work;
    track(
      context,
      work.catch(() => undefined),
    );
  },
  // The point of no return: neither cancelled nor restored.
  commit: ({ seq, serving }) =>
    start(context, new CancellationScope({ cancellable: false }), seq, () => commit(context, seq, serving)),
  release: ({ seq }) => start(context, new CancellationScope({ cancellable: false }), seq, () => release(context, seq)),
});

async function prepare(context: RunContext, seq: number, wave: number): Promise<void> {
  const { plan, run } = context;
  if (wave === 0) {
    await assertUnchanged(context);
    await assertAlone(context);
    await stopOthers(context);
    await assertStillBeside(context);
  }
  const { ranAs } = context;
  const inputs = madeIn(plan, waveOf(context, wave)).map((cluster) => ({
    ...prepareInput(plan, cluster, run),
    ...(ranAs !== '' && { ranAs }),
  }));
  await writeEach(context, {
    ...{ write: 'prepareVersion', inputs, atOnce: waveOf(context, wave).atOnce, summary: `make ${plan.version} ready` },
    told: ({ cluster, templateDigest }) => {
      // What others make may change under its name: that is theirs to answer for.
      if (plan.workload === 'managed' && templateDigest !== undefined) context.builds.set(cluster, templateDigest);
    },
  });
  context.emit({ type: 'done', seq });
}

/**
 * Between plan and start another run may have ended: then the plan speaks of a world that is gone. A plan that names the
 * owners which it may replace needs no look: each first write compares them itself, and knows its own former run.
 */
async function assertUnchanged(context: RunContext): Promise<void> {
  const { plan } = context;
  if (plan.owners !== undefined) return;
  const { readRecords } = activitiesOf(context, 'readRecords', 'is the world still as planned?');
  const taking = Object.values(plan.clusters).filter(({ name }) => plan.absent?.[name] === undefined);
  const { clusters } = await readRecords({ service: plan.service, clusters: taking });
  // One that cannot be reached right now is held by the first write to it.
  const changed = clusters.filter(
    ({ cluster, record, unreachable }) =>
      unreachable === '' && (record?.versions.epoch ?? 0) !== (plan.seen[cluster] ?? 0),
  );
  if (changed.length === 0) return;
  const names = changed.map(({ cluster }) => cluster).join(', ');
  throw ApplicationFailure.nonRetryable(
    `the records of ${names} changed after the plan was made; start again`,
    'Conflict',
  );
}

async function enter(context: RunContext, seq: number, wave: PlannedWave): Promise<void> {
  const { kind, version } = context.plan;
  const summary = `${version} enters with weight 0`;
  // At adoption the first write brings the route without the redirect: nothing flows through Envoy yet.
  const patch = entryOf(wave);
  await write(context, wave, { seq, patch, redirect: kind !== 'adopt', summary, enters: version });
  await assertJoined(context);
  keepConcerned(context, wave);
}

/** Only what serves, and what enters, must be healthy: a version that drains or is warm without pods is no obstacle. */
function keepConcerned({ plan, written }: RunContext, wave: PlannedWave): void {
  const { namespace, service } = plan.service;
  const entering = wave.serving.map((cluster) =>
    statName({ namespace, service, version: versionIn(plan, cluster), cluster }),
  );
  for (const cluster of wave.clients) {
    const last = written.get(cluster);
    if (last === undefined) continue;
    const concerned = Object.entries(last.weights).filter(([stat, weight]) => weight > 0 || entering.includes(stat));
    written.set(cluster, { ...last, weights: Object.fromEntries(concerned) });
  }
}

interface Write {
  /** Of the command. */
  readonly seq: number;
  readonly patch: PlannedPatch & { readonly entering?: true };
  readonly redirect: boolean;
  readonly summary: string;
  /** The version that enters: its build is written down where it was made. */
  readonly enters?: string;
  /** A bound of its own, ms. */
  readonly withinMs?: number;
  /** A new share: it is told of as soon as the first client has it. */
  readonly isStep?: true;
}

async function write(
  context: RunContext,
  wave: PlannedWave,
  { seq, patch, redirect, summary, enters = '', withinMs, isStep }: Write,
): Promise<void> {
  const { plan } = context;
  let isFirst = isStep === true && plan.withoutGap === true;
  await context.takenBack;
  const routes = openRoutes(plan, enters);
  const inputs = wave.clients.map((cluster) => {
    // A record begins when a version enters. One that is gone later was taken back, with the pods: nothing begins anew there.
    const initial = enters === '' ? undefined : plan.initial[cluster];
    const digest = enters === '' ? undefined : context.builds.get(cluster);
    const build = digest === undefined ? undefined : { version: enters, digest, atMs: Date.now() };
    return {
      service: plan.service,
      cluster: refOf(context, cluster),
      ...writerOf(context, cluster, seq),
      ...patchFor(patch, { client: cluster, routes: plan.routes }),
      redirect,
      ...present({ initial, build, entering: patch.entering }),
      ...routes,
    };
  });
  const begin = (atMs: number): void => {
    if (!isFirst) return;
    isFirst = false;
    for (const serving of wave.serving) context.sinceMs[serving] = atMs;
    context.emit({ type: 'wrote', seq });
  };
  await writeEach(context, {
    ...{ write: 'applyRouting', inputs, atOnce: wave.atOnce, summary, ...present({ withinMs }) },
    begun: () => begin(Date.now()),
    told: ({ cluster, weights = {}, writtenAtMs = 0 }) => {
      remember(context, cluster, { weights, writtenAtMs, withdrawn: [] });
      begin(writtenAtMs);
    },
  });
  const latest = Math.max(...wave.clients.map((cluster) => context.written.get(cluster)?.writtenAtMs ?? 0));
  for (const serving of wave.serving) context.sinceMs[serving] = latest;
}

async function commit(context: RunContext, seq: number, serving: readonly string[]): Promise<void> {
  const { plan, absent } = context;
  const whole = plan.waves.every((wave) => wave.serving.every((name) => serving.includes(name)));
  // An older plan has no phase of its own for it.
  if (whole && plan.confirms === undefined) await confirm(context, seq, HOLD_MS);
  // Where versions move, serving clusters without a record are pinned, too.
  const named = (wave: PlannedWave): readonly string[] => (plan.part === 'topology' ? [] : wave.serving);
  const all = [...new Set(plan.waves.flatMap((wave) => [...wave.clients, ...named(wave)]))];
  const clients = new Set(plan.waves.flatMap((wave) => wave.clients));
  const clusters = all.filter((cluster) => !absent.has(cluster));
  // An adoption pins what it made; a serving cluster that was adopted before keeps its own pin.
  const made = plan.waves.flatMap((wave) => madeIn(plan, wave));
  const pinned = plan.kind === 'adopt' ? made.filter((name) => serving.includes(name)) : serving;
  const inputs = clusters.map((cluster) => {
    const pin = pinned.includes(cluster) && partOf(plan) === 'versions' ? plan.version : '';
    return {
      service: plan.service,
      cluster: refOf(context, cluster),
      ...writerOf(context, cluster, seq),
      ...ofPart(plan),
      serving,
      pin,
      absent: absentIn(context),
      warmMs: plan.warmMs,
      ...(clients.has(cluster) && { routed: true as const }),
      ...drainedIn(plan, cluster),
    };
  });
  const summary = `${plan.version} is proven`;
  await writeEach(context, { write: 'commit', inputs, atOnce: atOnceOf(plan), summary });
  context.emit({ type: 'done', seq });
}

/** What the client's record remembers of drained clusters from the commit on. */
function drainedIn(plan: Plan, client: string): Pick<CommitInput, 'drained'> {
  if (plan.part !== 'topology' || plan.kind !== 'topology') return {};
  const patches = plan.waves.flatMap(({ steps }) => steps.flatMap(({ topology }) => topology?.[client] ?? []));
  return { drained: patches.at(-1)?.drained ?? null };
}

/** As long as the commit after it: nobody can stop the run of an older plan meanwhile, ms. */
const HOLD_MS = 120_000;

/** A run that was reset after its former self had gone back somewhere finds it here, before anything is proven. */
async function confirm(context: RunContext, seq: number, withinMs?: number): Promise<void> {
  const { plan } = context;
  if (plan.owners === undefined) return;
  for (const wave of plan.waves) {
    const last = wave.steps.at(-1);
    if (last === undefined) continue;
    const summary = 'still as it was proven';
    await write(context, wave, { seq, patch: last, redirect: true, summary, ...present({ withinMs }) });
  }
}

async function release(context: RunContext, seq: number): Promise<void> {
  const { plan } = context;
  // A release that was under way when this came asks nobody.
  if (patched('release-alone')) await assertAlone(context);
  for (const step of ['route', 'services'] as const) {
    const summary = step === 'route' ? 'give its calls back' : 'remove what is left';
    const { clients, atOnce } = waveOf(context, 0);
    const inputs = clients.map((cluster) => ({
      service: plan.service,
      cluster: refOf(context, cluster),
      ...writerOf(context, cluster, seq),
      step,
      drainMs: plan.drainMs,
    }));
    await writeEach(context, { write: 'releaseService', inputs, atOnce, summary });
  }
  context.emit({ type: 'done', seq });
}

/** Tried without limit, and the next write waits for it: until a person aborts, or the clusters answer. */
async function takeBack(
  context: RunContext,
  { turn, clients, serving }: Extract<Command, { type: 'takeBack' }>,
): Promise<void> {
  await forEach(clients, async (cluster) => {
    const summary = `${cluster}: back to the proven weights, until the run comes to it again`;
    const back = await activitiesOf(context, 'restore', summary).restore({
      service: context.plan.service,
      cluster: refOf(context, cluster),
      ...ofPart(context.plan),
      ...writerOf(context, cluster, turn),
      serving,
      absent: absentIn(context),
    });
    heardAs(context, back.by);
    remember(context, cluster, back);
  });
}

function stepOf(context: RunContext, wave: number, step: number): { planned: PlannedWave; at: PlannedStep } {
  const planned = waveOf(context, wave);
  return { planned, at: stepAt(planned, step) };
}
