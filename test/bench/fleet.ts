/** What a rollout over many clusters costs: events and size of its histories, time, and memory. */
import { bundleWorkflows } from '../../worker/workers.ts';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { startFleet, type Fleet, type Played } from '../support/fleet.ts';
import { startTemporal } from '../support/temporal.ts';
import type { Bench, BenchContext, Measure } from './bench.ts';

const count = 200;
const image = (version: string): string => `registry.example.com/shop/checkout:${version}`;

/** One way through, by what it is called. */
interface Way {
  readonly name: string;
  readonly door: number;
  readonly events: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly planBytes: number;
  readonly resultBytes: number;
}

export const fleetBench: Bench = {
  name: 'fleet',
  about: `events, time and memory of rollouts over ${count} clusters (API servers in memory)`,
  repeats: 1,
  async run(context) {
    const { ways, mib } = await measure(context);
    const names = [...new Set(ways.map(({ name }) => name))];
    return {
      title: 'Many clusters',
      settings: {
        clusters: `${count}, each with an HTTPS server in memory that speaks the API server's protocol; all in one process with the worker`,
        rollout: `2 waves (a tenth, the rest) × 5 steps: 5, 10, 25, 50, 100 %; each cluster answers its own calls`,
        activities: 'the real ones for all that writes and reads clusters; proofs and watches are answered at once',
      },
      measures: [
        ...names.flatMap((name) =>
          measuresOf(
            name,
            ways.filter((way) => way.name === name),
          ),
        ),
        { what: 'memory of the process, servers and worker, at its most (MiB)', unit: '', values: [mib] },
      ],
      notes: [
        'The door is startRollout: it reads every cluster and tries every write by a dry run.',
        'A breach is found in the bake of the third step of the last wave, when all clusters have the version.',
      ],
    };
  },
};

function measuresOf(name: string, ways: readonly Way[]): Measure[] {
  const of = (pick: (way: Way) => number): number[] => ways.map(pick);
  return [
    {
      what: `${name}: events of the rollout`,
      unit: '',
      values: of(({ events }) => events),
      bound: { of: 'every', atMost: 4_000 },
    },
    {
      what: `${name}: events of the door`,
      unit: '',
      values: of(({ door }) => door),
      bound: { of: 'every', atMost: 4_000 },
    },
    { what: `${name}: history of the rollout, KiB`, unit: '', values: of(({ bytes }) => bytes / 1024) },
    { what: `${name}: plan, KiB`, unit: '', values: of((way) => way.planBytes / 1024) },
    { what: `${name}: result, KiB`, unit: '', values: of((way) => way.resultBytes / 1024) },
    { what: `${name}: from the start to the end`, unit: 's', values: of(({ seconds }) => seconds) },
  ];
}

async function measure({ repeats, report, signal }: BenchContext): Promise<{ ways: Way[]; mib: number }> {
  const temporal = await startTemporal();
  let breaches = false;
  let most = 0;
  const watchSlo = async ({ mode, strata }: WatchSloInput): Promise<WatchSloResult> =>
    mode === 'hold'
      ? untilCancelled()
      : verdictOf(breaches && strata.length === count && strata.some(({ share }) => share === 250_000));
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 250);
  const fleet = await startFleet({ env: temporal.env, workflowBundle: await bundleWorkflows() }, { count, watchSlo });
  try {
    const ways: Way[] = [];
    const play = async (name: string, change: Parameters<Fleet['play']>[0]): Promise<void> => {
      signal.throwIfAborted();
      const startedAt = performance.now();
      const way = await wayOf(name, await fleet.play(change), (performance.now() - startedAt) / 1_000);
      report(JSON.stringify(way));
      ways.push(way);
    };
    await play('adopt', { kind: 'adopt' });
    for (let i = 1; i <= repeats; i++) {
      const [good, bad] = [`v${String(2 * i)}`, `v${String(2 * i + 1)}`];
      breaches = false;
      await play('deploy', { kind: 'deploy', version: good, image: image(good) });
      breaches = true;
      await play('breach', { kind: 'deploy', version: bad, image: image(bad) });
    }
    return { ways, mib: most / 1024 ** 2 };
  } finally {
    clearInterval(sampling);
    await fleet.stop();
    await temporal.stop();
  }
}

const verdictOf = (isBreach: boolean): WatchSloResult => ({
  ...{ verdict: isBreach ? 'breach' : 'healthy', breached: [], reason: 'by the bench', readings: [] },
  ...{ firstBadAtMs: null, decidedAtMs: Date.now() },
});

async function wayOf(name: string, { door, handle, started, result }: Played, seconds: number): Promise<Way> {
  const expected = name === 'breach' ? 'restored' : 'promoted';
  if (result.outcome !== expected) throw new Error(`${name} ended as ${result.outcome}: ${result.reason}`);
  const { historyLength, historySize = 0 } = await handle.describe();
  return {
    ...{ name, seconds, events: historyLength, bytes: historySize },
    door: (await door.describe()).historyLength,
    planBytes: JSON.stringify(started.plan).length,
    resultBytes: JSON.stringify(result).length,
  };
}
