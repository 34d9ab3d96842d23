/** The package of the Lambda function, as a process that has nothing but it, asked through Lambda's runtime API. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildLambdaPackage, LAMBDA_HANDLER, type LambdaPackage } from '../../../infra/aws/lambda-package.ts';
import { startSandbox, type Sandbox } from '../../support/lambda/runtime-api.ts';

const root = join(import.meta.dirname, '../../..');
const sender = (name: string, more: string): string =>
  `apiVersion: tidegate.dev/v1alpha1\nkind: Sender\nmetadata: { name: ${name} }\nspec: { ${more} }\n`;
const event = { specversion: '1.0', id: 'a-1', source: '/ci', type: 'dev.example.built' };

let made: LambdaPackage;
let sandbox: Sandbox;

const invocation = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(root, `test/fixtures/lambda/${name}.json`), 'utf8')) as Record<string, unknown>;

beforeAll(async () => {
  const config = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
  await mkdir(join(config, 'workloads'));
  for (const file of ['mesh.yaml', 'checkout.yaml', 'workloads/checkout.yaml'])
    await writeFile(join(config, file), await readFile(join(root, 'docs/examples', file)));
  await writeFile(join(config, 'senders.yaml'), sender('ci', 'type: cloudevents, secrets: [{ env: CI_TOKEN }]'));
  made = await buildLambdaPackage({ config });
  await rm(config, { recursive: true });
  sandbox = await startSandbox({ files: made.files, handler: LAMBDA_HANDLER, env: { CI_TOKEN: 'shown' } });
  // The cold start is not what the tests below wait for.
  await sandbox.invoke(await invocation('function-url'));
}, 120_000);

afterAll(() => sandbox.stop());

/** Sent by an HTTP front of AWS, whichever it is. */
async function sent(name: string, token: string, what: unknown = event): Promise<unknown> {
  const said = await invocation(name);
  const [own, many] = [said['headers'], said['multiValueHeaders']] as Record<string, unknown>[];
  const mine = { 'content-type': 'application/cloudevents+json', authorization: `Bearer ${token}` };
  const rid = (headers: object): object =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => !/^content-(type|length)$/i.test(key)));
  const headers = own && { ...rid(own), ...mine };
  const repeated = many && {
    ...rid(many),
    ...Object.fromEntries(Object.entries(mine).map(([key, value]) => [key, [value]])),
  };
  const path = '/events/ci';
  const where = 'rawPath' in said ? { rawPath: String(said['rawPath']).replace('/events/github', path) } : { path };
  const body = { body: JSON.stringify(what), isBase64Encoded: false };
  return sandbox.invoke({
    ...{ ...said, ...where, ...body },
    ...(headers && { headers }),
    ...(repeated && { multiValueHeaders: repeated }),
  });
}

const fronts = ['api-gateway-v1', 'api-gateway-v2', 'function-url', 'load-balancer', 'load-balancer-multi-value'];

describe('the package of the Lambda function', () => {
  it('is at most 10 MB, has no native code and no worker in it, and the same bytes each time', async () => {
    expect(made.zip.length).toBeLessThanOrEqual(10_000_000);
    expect(made.files.map(({ name }) => name).filter((name) => !/\.(js|yaml)$/.test(name))).toEqual([]);
    const code = made.files.find(({ name }) => name === 'index.js')?.bytes.toString() ?? '';
    expect(code).not.toMatch(/node_modules\/@temporalio\/(worker|core-bridge|workflow)\//);
  });

  it.each(fronts)('answers what comes through %s', async (name) => {
    expect(await sent(name, 'shown')).toMatchObject({ answer: { statusCode: 202, body: '{"matched":0}' } });
    expect(await sent(name, 'wrong')).toMatchObject({ answer: { statusCode: 401 } });
    expect(await sent(name, 'shown', { ...event, source: '' })).toMatchObject({ answer: { statusCode: 400 } });
  });

  it('keeps the messages of a queue, and fails for EventBridge, while no Sender trusts Lambda', async () => {
    const answer = (await sandbox.invoke(await invocation('sqs'))) as { answer: { batchItemFailures: unknown[] } };
    expect(answer.answer.batchItemFailures).toHaveLength(4);
    expect(await sandbox.invoke(await invocation('eventbridge-ecr'))).toMatchObject({
      error: { errorMessage: expect.stringContaining('no Sender of type aws-ecr says trust: lambda') },
    });
  });

  it('logs a line of JSON for each, without what is secret', () => {
    const lines = sandbox.stdout().trim().split('\n');
    expect(lines.every((line) => typeof JSON.parse(line) === 'object')).toBe(true);
    expect(sandbox.stdout() + sandbox.stderr()).not.toContain('shown');
  });
});
