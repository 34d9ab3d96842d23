/**
 * `node test/replay/record.ts`: runs an adoption, a promotion and a restore in a lab and saves their histories, as they
 * lie in Temporal (payloads not decoded), for replay.test.ts. Run it when a change of the workflows is meant to end the
 * runs that are under way; else the committed histories must go on replaying.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { labService, modestRate } from '../lab/lab-service.ts';
import { startLabRig, type LabRig } from '../support/lab-rig.ts';
import { historiesDir, type RecordedHistory } from './histories.ts';

const rig = await startLabRig();
try {
  await record(rig);
} finally {
  await rig.stop();
}

async function record({ lab, ...rest }: LabRig): Promise<void> {
  const basket = labService({ lab, ...rest }, 'basket');
  await mkdir(historiesDir, { recursive: true });
  await lab.traffic.start({ service: 'basket', rate: modestRate });
  await basket.configure({ canary: [50, 100], rest: [50, 100] });
  await basket.requests(300);
  const save = async (name: string, handle: WorkflowHandle): Promise<void> => {
    const { outcome } = await basket.end();
    if (outcome === null || !name.startsWith(outcome === 'promoted' ? '' : outcome))
      throw new Error(`${name}: ${outcome}`);
    const history = JSON.parse(historyToJSON(await handle.fetchHistory())) as unknown;
    const recorded: RecordedHistory = { workflowId: handle.workflowId, history: neutral(history, lab.runDir) };
    await writeFile(new URL(`${name}.json`, historiesDir), `${JSON.stringify(recorded)}\n`);
    process.stdout.write(`recorded ${name}: ${outcome}\n`);
  };
  await save('adopted', await basket.begin({ kind: 'adopt' }));
  await save('promoted', await basket.deploy('v2'));
  await lab.break('errors', 'basket', 'v3', '--ratio', '0.5');
  await save('restored', await basket.deploy('v3'));
}

/** Without what only this machine has: the lab's paths, process ids, stack traces. */
function neutral(node: unknown, runDir: string): unknown {
  if (Array.isArray(node)) return node.map((one) => neutral(one, runDir));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (typeof value !== 'string') return [key, neutral(value, runDir)];
      if (key === 'identity') return [key, 'recorded'];
      if (key === 'stackTrace') return [key, ''];
      return [key, key === 'data' ? withoutPath(value, runDir) : value.replaceAll(runDir, '/lab')];
    }),
  );
}

function withoutPath(base64: string, runDir: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8').replaceAll(runDir, '/lab');
  return Buffer.from(text, 'utf8').toString('base64');
}
