/**
 * `npm test`: every layer, then one closing line `N passed, N failed`. Arguments go to jest (a path, -t …).
 * `npm run test:full`: the same, with the tests that take long (TIDEGATE_TESTS=full).
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { obtainBinaries } from '../infra/lab/binaries.ts';

// Once, visibly, before the tests: a test that builds a kube-apiserver would look like a hang.
await obtainBinaries({ report: (line) => process.stderr.write(`${line}\n`) });

/** What is read of jest's `--json` report. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    startTime: number;
    endTime: number;
    assertionResults: { fullName: string; duration?: number | null }[];
  }[];
}

/** Of each kind, how many are named. */
const SLOWEST = 12;

const full = process.argv.includes('--full');
const asked = process.argv.slice(2).filter((arg) => arg !== '--full');
// The lab has the machine to itself: its tests are about traffic and time.
const runs =
  asked.length > 0
    ? [asked]
    : [
        ['--testPathIgnorePatterns', '/test/lab/'],
        ['--maxWorkers=1', 'test/lab'],
      ];
const dir = mkdtempSync(join(tmpdir(), 'tidegate-test-'));
let [passed, failed, code] = [0, 0, 0];
const failures: string[] = [];
const suites: [name: string, ms: number][] = [];
const tests: [name: string, ms: number][] = [];
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
  const counts = JSON.parse(readFileSync(report, 'utf8')) as Report;
  passed += counts.numPassedTests;
  // A suite that could not even start has no failed test of its own.
  failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  for (const suite of counts.testResults) {
    suites.push([relative(process.cwd(), suite.name), suite.endTime - suite.startTime]);
    for (const { fullName, duration } of suite.assertionResults) tests.push([fullName, duration ?? 0]);
  }
  for (const suite of counts.testResults.filter(({ status }) => status === 'failed'))
    failures.push(`FAILED ${relative(process.cwd(), suite.name)}\n${stripVTControlCharacters(suite.message)}`);
}
rmSync(dir, { recursive: true });
const slowest = (of: typeof tests): string =>
  of
    .sort(([, a], [, b]) => b - a)
    .slice(0, SLOWEST)
    .map(([name, ms]) => `${(ms / 1_000).toFixed(1).padStart(7)} s ${name.slice(0, 110)}\n`)
    .join('');
process.stdout.write(`\nThe slowest files:\n${slowest(suites)}\nThe slowest tests:\n${slowest(tests)}`);
// Once more at the end: what reads only the tail of a long log (a CI's page, a person) sees what failed and why.
for (const failure of failures) process.stdout.write(`\n${failure}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = code;
