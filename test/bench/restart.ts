/** A worker that is killed during a breach: how long the bad version still gets traffic once the worker is back. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench, BenchContext, Measure } from './bench.ts';
import { labText, metricsText, slosText } from './settings.ts';
import { assertOutcome, service, steps, withShop, type Shop } from './shop.ts';

const share = 5;
const errors = 0.2;
/** Good time before the fault, ms. */
const goodMs = 6_000;
/** The worker has begun to see the fault, and has no verdict yet, ms. */
const breachMs = 500;
/** How long the worker is away: a kubelet's restart, one with back-off, a pod that is scheduled anew. */
const awayMs = [1_000, 6_000, 30_000] as const;

/** ms after the command that starts the worker again. */
interface Back {
  readonly written: number;
  readonly proven: number;
}

export const restartBench: Bench = {
  name: 'restart',
  about: 'a worker killed during a breach: from its restart to weights restored, and proven',
  repeats: 3,
  async run(context) {
    context.report('building what is published');
    const worker = publishedWorker();
    const backs = await withShop({ ...context, name: 'restart', worker }, (shop) => measure(shop, context));
    return {
      title: 'A worker that dies during a breach',
      settings: {
        lab: labText(),
        metrics: metricsText,
        canary: `${share} % of one cluster, ${errors * 100} % of its answers are 500 from ${goodMs / 1000} s into the bake on`,
        SLOs: slosText,
        killed: `with SIGKILL, ${breachMs} ms after the fault began; started again after ${awayMs.map((ms) => `${ms / 1000} s`).join(', ')}`,
      },
      measures: awayMs.flatMap((away) => measuresOf(away, backs.get(away) ?? [])),
      notes: [
        'Time 0 is the command that starts the worker again: the start of Node is in it.',
        'The worker is the one that is published, with its workflows bundled; one of a clone bundles them first, for two seconds.',
        'It is the only worker, on the host of the one that died.',
      ],
    };
  },
};

/** As `npm pack` makes it; its script. */
function publishedWorker(): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { status } = spawnSync(process.execPath, ['infra/bootstrap.js', 'infra/build.ts'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('what is published cannot be built');
  return join(root, 'dist/cli/main.js');
}

const measuresOf = (away: number, backs: readonly Back[]): Measure[] => {
  const seconds = (pick: (back: Back) => number): number[] => backs.map((back) => pick(back) / 1000);
  const what = `away for ${away / 1000} s`;
  return [
    {
      what: `${what}: to weights restored`,
      unit: 's',
      values: seconds(({ written }) => written),
      bound: { of: 'median', atMost: 4 },
    },
    {
      what: `${what}: to traffic proven`,
      unit: 's',
      values: seconds(({ proven }) => proven),
      bound: { of: 'median', atMost: 10 },
    },
  ];
};

async function measure(shop: Shop, { repeats, report }: BenchContext): Promise<Map<number, Back[]>> {
  await shop.configure({ canary: steps('120s', share, 100), rest: steps('10s', 100), warm: '10m' });
  report('adopting the service');
  assertOutcome(await shop.play({ kind: 'adopt' }), 'promoted');
  const backs = new Map<number, Back[]>(awayMs.map((away) => [away, []]));
  for (let i = 1; i <= repeats; i++) {
    for (const away of awayMs) {
      report(`repeat ${i} of ${repeats}: away for ${away / 1000} s`);
      backs.get(away)?.push(await killed(shop, `dead-${away / 1000}-${i}`, away));
    }
  }
  return backs;
}

async function killed(shop: Shop, version: string, away: number): Promise<Back> {
  const { lab } = shop.rig;
  let startedAt = 0;
  const act = await shop.deploy(version, async (handle) => {
    if (!(await shop.until(handle, ({ phase }) => phase === 'baking'))) return;
    await shop.wait(goodMs);
    await lab.break('errors', service, version, '--ratio', String(errors), '--cluster', shop.first);
    await shop.wait(breachMs);
    await lab.worker.kill();
    await shop.wait(away);
    startedAt = Date.now();
    await shop.rig.startWorker();
  });
  assertOutcome(act, 'restored');
  await shop.retired(act.plan);
  await lab.break('heal');
  const { written, proven } = act.status.moments;
  if (written === null || proven === null) throw new Error(`${version} was not taken back: ${act.status.reason}`);
  if (startedAt === 0) throw new Error(`${version} was taken back before the worker could be killed`);
  return { written: written - startedAt, proven: proven - startedAt };
}
