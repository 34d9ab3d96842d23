import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { createProcessStarter, type ProcessStarter } from '../../../infra/lab/processes/process.ts';
import { assertEventually } from '../../support/eventually.ts';

const starters: ProcessStarter[] = [];
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-process-'));
});

afterAll(async () => {
  await Promise.all(starters.map((starter) => starter.stopAll()));
  await rm(dir, { recursive: true, force: true });
});

it.each([
  ['as everybody', undefined, 0],
  ['giving way, also after a restart', 10, 10],
])('runs a process %s', async (_, nice, expected) => {
  const binaries = await obtainBinaries({ names: ['tether'], report: () => undefined });
  const starter = createProcessStarter({ binaries, logDir: dir, ...(nice === undefined ? {} : { nice }) });
  starters.push(starter);
  const process = starter.start({ name: 'idle', command: 'sleep', args: ['60'] });
  const runs = async (): Promise<void> => {
    const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8');
    expect(stat).toContain('(sleep)'); // tether has become it
    expect(Number(stat.split(' ')[18])).toBe(expected); // proc_pid_stat(5), field 19
  };
  await assertEventually(runs);
  await process.kill();
  process.restart();
  await assertEventually(runs);
});
