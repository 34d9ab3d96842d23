/** `npm run check`: the one gate before a push. Every part runs, so that all complaints come at once. */
import { spawnSync } from 'node:child_process';

const parts: [name: string, command: string, args: string[]][] = [
  ['format', 'prettier', ['--check', '--log-level=warn', '.']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['lint', 'eslint', ['--max-warnings=0', '.']],
  ['dead exports', 'knip', []],
];

const failed = parts.filter(([name, command, args]) => {
  process.stderr.write(`check: ${name}\n`);
  return spawnSync(command, args, { stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) {
  process.stderr.write(`check failed: ${failed.map(([name]) => name).join(', ')}\n`);
  process.exitCode = 1;
}
