/** `npm test`: every layer, then one closing line `N passed, N failed`. Arguments go to jest (a path, -t …). */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainBinaries } from '../infra/lab/binaries.ts';

// Once, visibly, before the tests: a test that builds a kube-apiserver would look like a hang.
await obtainBinaries({ report: (line) => process.stderr.write(`${line}\n`) });

const dir = mkdtempSync(join(tmpdir(), 'tidegate-test-'));
const report = join(dir, 'report.json');
const jest = spawn('jest', ['--json', `--outputFile=${report}`, ...process.argv.slice(2)], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
});
const code = await new Promise<number>((resolve) => jest.on('exit', (status) => resolve(status ?? 1)));
const { numPassedTests, numFailedTests, numFailedTestSuites, numRuntimeErrorTestSuites } = JSON.parse(
  readFileSync(report, 'utf8'),
) as Record<string, number>;
rmSync(dir, { recursive: true });
// A suite that could not even start has no failed test of its own.
const failed = (numFailedTests ?? 0) + (numRuntimeErrorTestSuites ?? 0);
if (failed === 0 && (numFailedTestSuites ?? 0) > 0) process.stderr.write('a test suite failed outside its tests\n');
process.stdout.write(`${numPassedTests ?? 0} passed, ${failed} failed\n`);
process.exitCode = code;
