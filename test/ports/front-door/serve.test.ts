/** `tidegate serve` as it is started, without a Temporal: it opens, accepts nothing, and says so. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '../../../cli/program.ts';
import { assertEventually } from '../../support/eventually.ts';
import { writeDoorConfig } from '../../support/door-config.ts';
import { textIo } from '../../support/text-io.ts';

describe('tidegate serve', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tidegate-serve-'));
    await writeDoorConfig(directory);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('opens without Temporal, answers 503 to events while it is away, and ends well when it is told to', async () => {
    const stop = new AbortController();
    // Nobody listens on port 1.
    const io = textIo({ CI_TOKEN: 'secret-of-ci', TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const running = run(['serve', '--config', directory, '--listen', '127.0.0.1:0'], {
      ...io,
      stderr: io.stderr,
      now: () => Date.now(),
      signal: stop.signal,
    });
    let url = '';
    await assertEventually(() => {
      url = /"at":"([^"]+)"/.exec(io.err)?.[1] ?? '';
      expect(url).not.toBe('');
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { ready: false, config: 'as the files say' }]);
    const begun = performance.now();
    const event = await fetch(`${url}/events?x=secret-of-ci`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json', authorization: 'Bearer secret-of-ci' },
      body: JSON.stringify({ specversion: '1.0', id: '1', source: 's', type: 't' }),
    });
    expect([event.status, event.headers.get('retry-after')]).toEqual([503, '5']);
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(io.err).toContain('events refused');
    expect(io.err).not.toContain('secret-of-ci');
    stop.abort();
    expect(await running).toBe(0);
  }, 30_000);

  it('says what is missing', async () => {
    const io = textIo();
    expect(await run(['serve'], io)).toBe(2);
    expect(io.err).toContain('give --config DIR or set TIDEGATE_CONFIG');
  });
});
