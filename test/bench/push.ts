/** From the push of an image to the first share of it: the registry tells the front door, and that starts a rollout. */
import type { WorkflowHandle } from '@temporalio/client';
import { fileURLToPath } from 'node:url';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import { pushImage } from '../../infra/lab/registry.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { activitySpans } from './activity-spans.ts';
import type { Bench, BenchContext } from './bench.ts';
import { labText } from './settings.ts';
import { assertOutcome, service, steps, withShop, type Shop } from './shop.ts';

/** No push takes that long to become a rollout, ms. */
const STARTED_WITHIN_MS = 60_000;

/** ms. */
interface Pushed {
  /** From the push's end to the first share, without the time in which pods started. */
  readonly beyondPods: number;
  readonly toRollout: number;
  readonly whole: number;
}

export const pushBench: Bench = {
  name: 'push',
  about: 'an image is pushed to the registry of the lab → rollout started → first share applied',
  repeats: 5,
  async run(context) {
    const pushes = await withShop({ ...context, name: 'push' }, (shop) => measure(shop, context));
    const seconds = (pick: (one: Pushed) => number): number[] => pushes.map((one) => pick(one) / 1000);
    return {
      title: 'From a push to the first share',
      settings: { lab: labText(), registry: 'CNCF distribution 3.1.2, which notifies the front door of every push' },
      measures: [
        {
          what: 'push → first share applied, beyond the start of pods',
          unit: 's',
          values: seconds(({ beyondPods }) => beyondPods),
          bound: { of: 'median', atMost: 10 },
        },
        { what: 'push → rollout started', unit: 's', values: seconds(({ toRollout }) => toRollout) },
        { what: 'push → first share applied', unit: 's', values: seconds(({ whole }) => whole) },
      ],
      notes: ['The start of pods is the activity that makes the new version ready; the checks before it are not.'],
    };
  },
};

async function measure(shop: Shop, { repeats, report }: BenchContext): Promise<Pushed[]> {
  const { lab } = shop.rig;
  await shop.configure({ canary: steps('5s', 20, 100), rest: steps('5s', 100), warm: '10m' });
  report('adopting the service');
  const adopted = await shop.play({ kind: 'adopt' });
  assertOutcome(adopted, 'promoted');
  await lab.frontDoor.start(fileURLToPath(new URL('../../cli/main.ts', import.meta.url)));
  const pushes: Pushed[] = [];
  for (let i = 1; i <= repeats; i++) {
    report(`push ${i} of ${repeats}`);
    await pushImage(lab.env.LAB_REGISTRY, { repository: `shop/${service}`, tag: `v${i + 1}` });
    pushes.push(await followed(shop, adopted.plan, { version: `v${i + 1}`, pushedAt: Date.now() }));
  }
  return pushes;
}

async function followed(
  shop: Shop,
  { service: of }: Plan,
  push: { version: string; pushedAt: number },
): Promise<Pushed> {
  const id = rolloutWorkflowId(DEFAULT_INSTALLATION, { ...of, part: 'versions' });
  const { handle, startedAt } = await startedSince(shop, id, push);
  await shop.until(handle, ({ phase }) => phase === 'verifying' || phase === 'baking');
  const spans = await activitySpans(handle);
  const applied = spans.filter(({ activity }) => activity === 'applyRouting' || activity === 'writeClusters');
  // The entry with no share is the first write; the share is the last one so far.
  const whole = Math.max(...applied.map(({ to }) => to)) - push.pushedAt;
  const prepared = spans.filter(({ activity }) => activity === 'prepareVersion' || activity === 'keepCapacity');
  const pods = prepared.reduce((sum, { from, to }) => sum + to - from, 0);
  await handle.executeUpdate(messageNames.abort, { args: [{ reason: 'the next push' }] });
  await handle.result();
  return { whole, beyondPods: whole - pods, toRollout: startedAt - push.pushedAt };
}

async function startedSince(
  shop: Shop,
  id: string,
  { version, pushedAt }: { version: string; pushedAt: number },
): Promise<{ handle: WorkflowHandle; startedAt: number }> {
  for (;;) {
    const handle = shop.rig.client.workflow.getHandle(id);
    const { startTime, runId } = await handle.describe();
    if (startTime.getTime() >= pushedAt - 1_000) {
      const run = shop.rig.client.workflow.getHandle(id, runId);
      const plan = await run.query<Plan>(messageNames.plan);
      if (plan.version === version) return { handle: run, startedAt: startTime.getTime() };
    }
    if (Date.now() - pushedAt > STARTED_WITHIN_MS) throw new Error(`the push of ${version} has started no rollout`);
    await shop.wait(100);
  }
}
