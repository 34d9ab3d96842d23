/** The whole main job under traffic: does any client lose a request, and does any write make requests slower? */
import type { WorkflowHandle } from '@temporalio/client';
import { activitySpans, type ActivitySpan, type Span } from './activity-spans.ts';
import type { Bench, BenchContext, Measure } from './bench.ts';
import { latencyOfSlices, slicesIn, windowsAround, without, type Latency, type Slice } from './latency.ts';
import { judge, judgeText, labText, metricsText, slosText } from './settings.ts';
import { assertOutcome, steps, withShop, type Act, type Shop } from './shop.ts';

/** Activities that write what routes the traffic; prepareVersion only makes pods, which are a load of their own here. */
const writers = ['applyRouting', 'commit', 'restore', 'retireVersion', 'releaseService'];
const marginMs = 2_000;
/** Undisturbed time before the first and after each change, ms. */
const quietMs = 6_000;
const bake = '6s';

interface Phase {
  readonly name: string;
  readonly whole: Span;
  readonly writes: readonly ActivitySpan[];
}

interface PhaseLatency {
  readonly name: string;
  readonly writes: number;
  readonly during: Latency;
  readonly quiet: Latency;
}

interface Run {
  readonly requests: number;
  readonly failures: number;
  readonly firstFailures: readonly string[];
  readonly phases: readonly PhaseLatency[];
  readonly during: Latency;
  readonly quiet: Latency;
}

export const storyBench: Bench = {
  name: 'story',
  about: 'adopt, deploy, promote, warm, retire, undo, release under traffic: client failures; p99 during writes',
  repeats: 3,
  async run(context) {
    const runs: Run[] = [];
    for (let i = 1; i <= context.repeats; i++) {
      context.report(`run ${i} of ${context.repeats}`);
      runs.push(await withShop({ ...context, name: `story-${i}` }, (shop) => tell(shop, context)));
    }
    return {
      title: 'The whole story under traffic',
      settings: {
        lab: labText(),
        metrics: metricsText,
        judge: judgeText(judge),
        SLOs: slosText,
        story:
          'adopt v1, deploy v2 (warm 6 s, then v1 is retired), deploy v3, undo to v2, release; a lab of its own for each run',
        rollout: `2 waves × 3 steps: 5, 50, 100 %, each baked ${bake}; drain 5 s`,
      },
      measures: measuresOf(runs),
      notes: [
        `During writes: from ${marginMs / 1000} s before to ${marginMs / 1000} s after each ${writers.join(', ')}, as the histories time them. Quiet: the rest of the same phase. A phase is one change with ${quietMs / 1000} s of quiet before and after it. All requests of a run’s windows are taken together for the p99 (bins of 5 %); the usual p99 is the median of the p99 of each second.`,
        'What quiet and writing windows of a phase do not share: the way through Envoy begins in the middle of adopt and ends in the middle of release, and starting pods (prepareVersion) counts as quiet.',
        ...runs.flatMap(({ firstFailures }) => firstFailures).slice(0, 10),
      ],
    };
  },
};

async function tell(shop: Shop, { report }: BenchContext): Promise<Run> {
  const { lab } = shop.rig;
  const rollout = { canary: steps(bake, 5, 50, 100), rest: steps(bake, 5, 50, 100) };
  const phases: Phase[] = [];
  const begun = Date.now();
  let from = begun;
  const phase = async (name: string, work: () => Promise<WorkflowHandle[]>): Promise<void> => {
    const handles = await work();
    await shop.wait(quietMs);
    const spans = (await Promise.all(handles.map(activitySpans))).flat();
    const whole = { from, to: Date.now() };
    phases.push({ name, whole, writes: spans.filter(({ activity }) => writers.includes(activity)) });
    report(`${name}: ${((whole.to - whole.from) / 1000).toFixed(0)} s`);
    from = whole.to - quietMs + marginMs;
  };
  const promoted = (act: Act): Act => {
    assertOutcome(act, 'promoted');
    return act;
  };
  await shop.wait(quietMs);
  await shop.configure({ ...rollout, warm: '6s' });
  await phase('adopt v1', async () => {
    const { handle, plan } = promoted(await shop.play({ kind: 'adopt' }));
    return [handle, await shop.retired(plan)];
  });
  await phase('deploy v2, retire v1', async () => {
    const { handle, plan } = promoted(await shop.deploy('v2'));
    return [handle, await shop.retired(plan)];
  });
  await shop.configure({ ...rollout, warm: '10m' });
  await phase('deploy v3', async () => [promoted(await shop.deploy('v3')).handle]);
  await phase('undo to v2', async () => [promoted(await shop.play({ kind: 'undo' })).handle]);
  await phase('release', async () => {
    const act = await shop.play({ kind: 'release' });
    assertOutcome(act, 'released');
    return [act.handle];
  });
  await lab.traffic.stop();
  await shop.wait(quietMs); // the last requests time out after 5 s
  const seen = await lab.traffic.report({ since: begun });
  const firstFailures = seen.failures
    .slice(0, 5)
    .map(
      (one) =>
        `Failure: ${one.client}/${one.node} ${one.connection} ${one.kind} ${one.detail} at ${new Date(one.at).toISOString()}`,
    );
  return { requests: seen.requests, failures: seen.failed, firstFailures, ...(await latencies(shop, phases)) };
}

async function latencies(shop: Shop, phases: readonly Phase[]): Promise<Pick<Run, 'phases' | 'during' | 'quiet'>> {
  const during: Slice[] = [];
  const quiet: Slice[] = [];
  const found: PhaseLatency[] = [];
  for (const { name, whole, writes } of phases) {
    const windows = windowsAround(writes, { marginMs, whole });
    const inWrites = await slicesIn(shop.rig.lab, windows);
    const inQuiet = await slicesIn(shop.rig.lab, without(windows, whole));
    during.push(...inWrites);
    quiet.push(...inQuiet);
    found.push({ name, writes: writes.length, during: latencyOfSlices(inWrites), quiet: latencyOfSlices(inQuiet) });
  }
  return { phases: found, during: latencyOfSlices(during), quiet: latencyOfSlices(quiet) };
}

function measuresOf(runs: readonly Run[]): Measure[] {
  const of = (pick: (run: Run) => number): number[] => runs.map(pick);
  const names = runs[0]?.phases.map(({ name }) => name) ?? [];
  const requests = of((run) => run.requests);
  return [
    { what: 'requests of a run', unit: '', values: requests },
    { what: 'requests in all', unit: '', values: [requests.reduce((sum, one) => sum + one, 0)] },
    { what: 'client failures', unit: '', values: of((run) => run.failures), bound: { of: 'every', atMost: 0 } },
    { what: 'p99 during writes', unit: 'ms', values: of((run) => run.during.p99) },
    { what: 'p99 in quiet', unit: 'ms', values: of((run) => run.quiet.p99) },
    {
      what: 'p99 during writes ÷ in quiet',
      unit: '×',
      values: of((run) => run.during.p99 / run.quiet.p99),
      bound: { of: 'median', atMost: 1.2 },
    },
    { what: 'usual p99 during writes', unit: 'ms', values: of((run) => run.during.usualP99) },
    { what: 'usual p99 in quiet', unit: 'ms', values: of((run) => run.quiet.usualP99) },
    {
      what: 'usual p99 during writes ÷ in quiet',
      unit: '×',
      values: of((run) => run.during.usualP99 / run.quiet.usualP99),
    },
    ...names.map((name, i): Measure => ({
      what: `${name}: p99 during writes ÷ in quiet`,
      unit: '×',
      values: of((run) => (run.phases[i]?.during.p99 ?? NaN) / (run.phases[i]?.quiet.p99 ?? NaN)),
    })),
    {
      what: 'routing writes of a run',
      unit: '',
      values: of((run) => run.phases.reduce((sum, one) => sum + one.writes, 0)),
    },
    { what: 'requests in the windows of writes', unit: '', values: of((run) => run.during.requests) },
    { what: 'p50 during writes', unit: 'ms', values: of((run) => run.during.p50) },
    { what: 'p50 in quiet', unit: 'ms', values: of((run) => run.quiet.p50) },
  ];
}
