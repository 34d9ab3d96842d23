import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

describe('npm run bench', () => {
  it('starts without jest: benches share no file with tests that needs it', () => {
    const { status, stderr } = spawnSync(process.execPath, ['test/bench/main.ts', 'no such bench'], {
      encoding: 'utf8',
    });
    expect(stderr).toContain('usage: npm run bench');
    expect(status).toBe(2);
  }, 30_000);
});
