/** What a command loads before it does anything: half a second of a person's patience is spent on it. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { run } from '../../../cli/program.ts';
import { textIo } from '../../support/text-io.ts';

const root = join(import.meta.dirname, '../../..');

/** Packages that a file loads as it is loaded, by itself or by files that it imports. Types and `import()` load nothing. */
function packagesOf(entry: string): string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const walk = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const from of loadedBy(readFileSync(join(root, file), 'utf8'))) {
      if (from.startsWith('.')) walk(normalize(join(dirname(file), from)));
      else if (!from.startsWith('node:')) packages.add(from);
    }
  };
  walk(entry);
  return [...packages].sort();
}

const loadedBy = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export) (?!type )([^;]*?)\bfrom '([^']+)'/gm)]
    .filter(([, names = '']) => !/^\{(?:\s*type [^,}]+,?)+\s*\}\s*$/.test(names))
    .map(([, , from = '']) => from);

describe('the start of a command', () => {
  it('loads the parser of arguments and nothing else, so that --help answers at once', () => {
    expect(packagesOf('cli/program.ts')).toEqual(['commander']);
  });

  it("loads Temporal's client for plan and status, and neither workers nor schemas nor Kubernetes", () => {
    const client = ['@temporalio/client', '@temporalio/common', '@temporalio/envconfig'];
    const plan = ['platform/temporal/connect.ts', 'platform/temporal/start-change.ts', 'core/view/plan-text.ts'];
    const status = ['cli/rollouts/rollout.ts', 'core/view/status-text.ts'];
    expect([...new Set(plan.flatMap(packagesOf))].sort()).toEqual(client);
    expect([...new Set(status.flatMap(packagesOf))].filter((one) => !client.includes(one))).toEqual([]);
  });

  it('and the front door knows of Temporal its client only: a function that is started anew has no time for workers', () => {
    const loaded = packagesOf('functions/front-door.ts').filter((one) => one.startsWith('@temporalio/'));
    expect(loaded).toEqual(['@temporalio/client', '@temporalio/envconfig']);
  });

  it('would be caught if it grew: the worker loads more', () => {
    expect(packagesOf('cli/local/worker.ts')).toContain('@temporalio/worker');
  });
});

describe('tidegate --version', () => {
  it("says the package's version, and leaves a command's own --version alone", async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const io = textIo();
    expect(await run(['--version'], io)).toBe(0);
    expect(io.out).toBe(`${version}\n`);
    const plan = textIo();
    expect(await run(['plan', '--help'], plan)).toBe(0);
    expect(plan.out).toContain('plan a deploy of this version');
  });
});
