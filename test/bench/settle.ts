/** A rollout is terminated in mid-step: how long until the traffic is verified back, without a person? */
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { Bench, BenchContext } from './bench.ts';
import { labText, metricsText } from './settings.ts';
import { assertOutcome, service, steps, withShop, type Shop } from './shop.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

const share = 25;

interface Way {
  /** ms after the termination. */
  readonly started: number;
  readonly written: number;
  readonly proven: number;
  readonly settled: number;
  readonly failures: number;
  readonly events: number;
}

export const settleBench: Bench = {
  name: 'settle',
  about: 'rollout terminated in mid-step → restore started → weights written → traffic verified back, without a person',
  repeats: 5,
  async run(context) {
    const found = await withShop({ ...context, name: 'settle' }, (shop) => cuts(shop, context));
    const seconds = (pick: (one: Way) => number): number[] => found.map((one) => pick(one) / 1000);
    return {
      title: 'A rollout that is terminated',
      settings: {
        lab: labText(),
        metrics: metricsText,
        canary: `${share} % of one cluster, terminated while it bakes`,
      },
      measures: [
        { what: 'to the start of the restore', unit: 's', values: seconds((one) => one.started) },
        { what: 'to the weights written', unit: 's', values: seconds((one) => one.written) },
        {
          what: 'to the traffic verified back',
          unit: 's',
          values: seconds((one) => one.proven),
          bound: { of: 'median', atMost: 15 },
        },
        { what: 'to nothing left of it', unit: 's', values: seconds((one) => one.settled) },
        {
          what: 'failed requests',
          unit: '',
          values: found.map((one) => one.failures),
          bound: { of: 'every', atMost: 0 },
        },
        { what: 'history events of the settler', unit: '', values: found.map((one) => one.events) },
      ],
      notes: [
        'Time 0 is when Temporal answered the termination. The moments are those of the restore that the settler started (status.moments), on the same machine and clock.',
        'Nothing left: the settler has ended; the version that was on its way has been drained and taken out.',
      ],
    };
  },
};

async function cuts(shop: Shop, { repeats, report }: BenchContext): Promise<Way[]> {
  const rest = steps('10s', 100);
  await shop.configure({ canary: steps('10s', share, 100), rest, warm: '10m' });
  report('adopting the service');
  assertOutcome(await shop.play({ kind: 'adopt' }), 'promoted');
  await shop.configure({ canary: steps('120s', share, 100), rest, warm: '10m' });
  const found: Way[] = [];
  for (let i = 1; i <= repeats; i += 1) {
    found.push(await cut(shop, `cut-${i}`));
    report(`repeat ${i} of ${repeats}: ${JSON.stringify(found.at(-1))}`);
  }
  return found;
}

async function cut(shop: Shop, version: string): Promise<Way> {
  const { client, lab } = shop.rig;
  const since = Date.now();
  let cutAt = 0;
  const act = await shop.deploy(version, async (handle) => {
    if (!(await shop.until(handle, ({ phase }) => phase === 'baking'))) throw new Error('it did not get to its bake');
    await shop.wait(2_000);
    await handle.terminate('a bench');
    cutAt = Date.now();
  });
  const back = client.workflow.getHandle(
    rolloutWorkflowId(DEFAULT_INSTALLATION, { ...act.plan.service, part: 'versions' }),
  );
  const status = await restored(shop, () => back.query<RolloutStatus>(messageNames.status));
  const restore = await back.describe();
  await shop.retired(act.plan);
  const settler = await client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, act.plan.service)).describe();
  const { written, proven } = status.moments;
  if (written === null || proven === null) throw new Error(`${service} was not verified back: ${status.reason}`);
  return {
    started: restore.startTime.getTime() - cutAt,
    written: written - cutAt,
    proven: proven - cutAt,
    settled: (settler.closeTime?.getTime() ?? Number.NaN) - cutAt,
    failures: (await lab.traffic.report({ since })).failed,
    events: settler.historyLength,
  };
}

/** How long that may take at the very most, ms. */
const WITHIN_MS = 120_000;

async function restored(shop: Shop, look: () => Promise<RolloutStatus>): Promise<RolloutStatus> {
  const end = Date.now() + WITHIN_MS;
  for (;;) {
    const status = await look();
    if (status.kind === 'restore' && status.outcome !== null) return status;
    if (Date.now() > end) throw new Error(`nobody has restored it: ${status.kind} is ${status.phase}`);
    await shop.wait(250);
  }
}
