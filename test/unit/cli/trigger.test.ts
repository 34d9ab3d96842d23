/** What an event would do, by the examples of the docs: shown with every filter's value, and nothing is started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { run } from '../../../cli/program.ts';
import { exitCodes } from '../../../cli/io.ts';
import { textIo } from '../../support/text-io.ts';

const examples = join(import.meta.dirname, '../../../docs/examples');
const fixtures = join(import.meta.dirname, '../../fixtures/senders');
const directory = mkdtempSync(join(tmpdir(), 'tidegate-trigger-'));
afterAll(() => rmSync(directory, { recursive: true }));

const event = (type: string, data: unknown): string => {
  const file = join(directory, `${type}.json`);
  writeFileSync(file, JSON.stringify({ specversion: '1.0', id: 'a-1', source: '/test', type, data }));
  return file;
};

async function triggerTest(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = textIo({ TIDEGATE_CONFIG: examples });
  const code = await run(['trigger', 'test', ...argv], io);
  return { code, out: io.out, err: io.err };
}

const image = { image: 'ghcr.io/acme/checkout', tag: '1.4.0', digest: '', original: {} };

describe('trigger test', () => {
  it('says what a push would start, and which trigger does not hear the sender', async () => {
    const { code, out } = await triggerTest(event('dev.tidegate.image.pushed', image), '--sender', 'ghcr');
    expect(code).toBe(exitCodes.ok);
    expect(out).toMatch(/checkout-images: filter true[\s\S]*→ shop\/checkout: deploy the newest tag of ghcr\.io\/acme/);
    expect(out).toContain('checkout-failed-smoke-test: does not hear ghcr');
    expect(out).toContain('nothing was started');
  });

  it('reads a body as the sender sends it, without its signature', async () => {
    const header = ['--header', 'X-GitHub-Event: pull_request', '--header', 'X-GitHub-Delivery: d-1'];
    const { out } = await triggerTest(join(fixtures, 'github/pull-request-merged.json'), '--sender', 'ghcr', ...header);
    expect(out).toMatch(/^com\.github\.pull_request\.closed {2}id d-1/);
    expect(out).toContain('checkout-images: filter false');
  });

  it('fails with expression and value where a map has none', async () => {
    const { code, out } = await triggerTest(event('com.acme.smoke-test.failed', {}), '--sender', 'pipelines');
    expect(code).toBe(exitCodes.badInput);
    expect(out).toMatch(/✗ shop\/checkout: .*event\.data\.url/);
  });

  it('asks who sends it when the config has several, and names a file that is no event', async () => {
    expect((await triggerTest(event('x', {}))).err).toContain('give --sender, one of ghcr, pipelines');
    const { code, err } = await triggerTest(join(examples, 'mesh.yaml'), '--sender', 'ghcr');
    expect([code, err]).toEqual([exitCodes.badInput, expect.stringContaining('would be answered 400')]);
  });
});
