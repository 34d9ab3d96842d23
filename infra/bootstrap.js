// Runs a script of this project on a fresh clone: installs the locked packages once, then hands over to the Node 24 that
// is among them, so that it also works where the machine's own Node is older. Plain JavaScript for any Node >= 18.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('..', import.meta.url));
const marker = join(root, 'node_modules', '.tidegate-lock');
const locked = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(marker) || readFileSync(marker, 'utf8') !== locked) {
  process.stderr.write('Installing the locked packages (about a minute) …\n');
  // Not `npm ci`: it refuses where a registry lacks an optional package of another platform. Versions and checksums are
  // the lock file's all the same.
  const install = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (install.status !== 0) process.exit(install.status ?? 1);
  writeFileSync(marker, locked);
}

const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, NODE_NO_WARNINGS: '1' };
// The command asks for Node's compile cache itself, but its first file must have lost its types by then: that costs 40 ms.
if (process.argv[2] === 'cli/main.ts') env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node-compile');
const child = spawn(join(bin, 'node'), process.argv.slice(2), { cwd: root, stdio: 'inherit', env });
// The child gets a terminal's Ctrl-C itself; a signal sent to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
