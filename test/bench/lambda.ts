/** The front door as a Lambda function: how long a sandbox that has just begun needs for its first event, and a warm one. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildLambdaPackage, LAMBDA_HANDLER, type LambdaPackage } from '../../infra/aws/lambda-package.ts';
import { writeDoorConfig } from '../support/door-config.ts';
import { startSandbox, type Invoked, type Sandbox } from '../support/lambda/runtime-api.ts';
import { startTemporal } from '../support/temporal.ts';
import type { Bench, BenchContext } from './bench.ts';
import { quantile } from './statistics.ts';

/** Invocations of each sandbox after its first. */
const WARM = 200;
const token = 'of-a-bench';

/** ms, of one sandbox. */
interface Measured {
  readonly cold: number;
  readonly warm: readonly number[];
}

export const lambdaBench: Bench = {
  name: 'lambda',
  about: 'the Lambda package: its size, and event → workflow started in a cold and in a warm sandbox',
  repeats: 10,
  async run(context) {
    const { made, sandboxes } = await measure(context);
    const cold = sandboxes.map((one) => one.cold);
    const warm = sandboxes.map((one) => one.warm);
    return {
      title: 'The front door in Lambda',
      settings: {
        load: `one event at a time by a function URL, one workflow each; ${WARM} after the first of each sandbox`,
        sandbox: 'a Node process with nothing but the package, asked through the runtime API (2018-06-01) on loopback',
      },
      measures: [
        {
          what: 'package, zipped, MB',
          unit: '',
          values: [made.zip.length / 1e6],
          bound: { of: 'every', atMost: 10 },
        },
        { what: 'cold: process begun → workflow started, answered', unit: 'ms', values: cold },
        { what: 'warm: median of a sandbox', unit: 'ms', values: warm.map((one) => quantile(one, 0.5)) },
        { what: 'warm: p99 of a sandbox', unit: 'ms', values: warm.map((one) => quantile(one, 0.99)) },
      ],
      notes: [
        'Cold has the writing of the files, the start of Node, the loading of the package, the reading of the config and the connection to Temporal in it; AWS adds what it needs to get a sandbox.',
        'This machine gives the sandbox its cores whole; Lambda gives a share of one by the memory of the function.',
        'Temporal and its store share this machine; no worker takes the workflows.',
      ],
    };
  },
};

async function measure({
  repeats,
  report,
  signal,
}: BenchContext): Promise<{ made: LambdaPackage; sandboxes: Measured[] }> {
  const temporal = await startTemporal();
  const config = await mkdtemp(join(tmpdir(), 'tidegate-lambda-bench-'));
  try {
    await writeDoorConfig(config);
    report('building the package');
    const made = await buildLambdaPackage({ config });
    const template = await readFile(
      fileURLToPath(new URL('../fixtures/lambda/function-url.json', import.meta.url)),
      'utf8',
    );
    const sandboxes: Measured[] = [];
    for (let i = 1; i <= repeats; i += 1) {
      signal.throwIfAborted();
      const begun = performance.now();
      const env = { CI_TOKEN: token, TEMPORAL_ADDRESS: temporal.address };
      const sandbox = await startSandbox({ files: made.files, handler: LAMBDA_HANDLER, env });
      try {
        await sent(sandbox, template, `cold-${i}`);
        const cold = performance.now() - begun;
        const warm: number[] = [];
        for (let n = 0; n < WARM; n += 1) {
          const since = performance.now();
          await sent(sandbox, template, `warm-${i}-${n}`);
          warm.push(performance.now() - since);
        }
        sandboxes.push({ cold, warm });
        report(`sandbox ${i} of ${repeats}: cold ${cold.toFixed(0)} ms, warm ${quantile(warm, 0.5).toFixed(1)} ms`);
      } finally {
        await sandbox.stop();
      }
    }
    return { made, sandboxes };
  } finally {
    await temporal.stop();
    await rm(config, { recursive: true, force: true });
  }
}

/** Throws unless Temporal has it, as the first of its id: anything else would be faster than the work. */
async function sent(sandbox: Sandbox, template: string, id: string): Promise<void> {
  const said = JSON.parse(template) as Readonly<Record<string, unknown>>;
  const invoked: Invoked = await sandbox.invoke({
    ...said,
    rawPath: '/events/ci',
    headers: {
      host: 'front-door.example.com',
      'content-type': 'application/cloudevents+json',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ specversion: '1.0', id, source: '/bench', type: 'bench', data: { tag: 'v1' } }),
    isBase64Encoded: false,
  });
  if (JSON.stringify(invoked).includes('\\"duplicate\\":false')) return;
  throw new Error(`event ${id} has started nothing: ${JSON.stringify(invoked)}`);
}
