/**
 * `npm test`: every layer, then one closing line `N passed, N failed`. Arguments go to jest (a path, -t …).
 * `npm run test:full`: the same, with the tests that take long (TIDEGATE_TESTS=full).
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainBinaries } from '../infra/lab/binaries.ts';

// Once, visibly, before the tests: a test that builds a kube-apiserver would look like a hang.
await obtainBinaries({ report: (line) => process.stderr.write(`${line}\n`) });

const full = process.argv.includes('--full');
const asked = process.argv.slice(2).filter((arg) => arg !== '--full');
// The lab has the machine to itself: its tests are about traffic and time.
const runs = asked.length > 0 ? [asked] : [['--testPathIgnorePatterns', '/test/lab/'], ['test/lab']];
const dir = mkdtempSync(join(tmpdir(), 'tidegate-test-'));
let [passed, failed, code] = [0, 0, 0];
for (const args of runs) {
  const report = join(dir, 'report.json');
  const jest = spawn('jest', ['--json', `--outputFile=${report}`, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...(full && { TIDEGATE_TESTS: 'full' }),
      NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
    },
  });
  code = Math.max(code, await new Promise<number>((resolve) => jest.on('exit', (status) => resolve(status ?? 1))));
  const counts = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
  passed += counts['numPassedTests'] ?? 0;
  // A suite that could not even start has no failed test of its own.
  failed += (counts['numFailedTests'] ?? 0) + (counts['numRuntimeErrorTestSuites'] ?? 0);
}
rmSync(dir, { recursive: true });
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = code;
