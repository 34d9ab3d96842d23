import { describe, expect, it } from '@jest/globals';
import { cachedPath } from '../../../infra/lab/binaries/cache.ts';
import { binaryNames, environmentVariable, isAcceptable } from '../../../infra/lab/binaries/catalogue.ts';
import { missingPrerequisites, type MachineFacts } from '../../../infra/lab/binaries/prerequisites.ts';
import { candidatesOf, findBinary } from '../../../infra/lab/binaries/search.ts';

const machine: MachineFacts = {
  platform: 'linux',
  arch: 'x64',
  nodeVersion: '24.21.0',
  developmentPackages: true,
  go: 'go version go1.26.8 linux/amd64',
  pip: 'pip 23.2.1 from /usr/lib/python3 (python 3.11)',
  freeDiskGb: 50,
};

const printed = {
  etcd: (version: string) => `etcd Version: ${version}\nGit SHA: 1234567`,
  'kube-apiserver': (version: string) => `Kubernetes v${version}`,
  envoy: (version: string) =>
    `envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/${version}/Clean/RELEASE/BoringSSL`,
  prometheus: (version: string) => `prometheus, version ${version} (branch: HEAD)`,
  temporal: (version: string) => `temporal version ${version} (Server 1.32.0, UI 2.54.1)`,
};

describe('where a binary is taken from', () => {
  const env = { TIDEGATE_CACHE: '/cache', KUBEBUILDER_ASSETS: '/assets', PATH: '/usr/bin:/opt/bin' };

  it('asks KUBEBUILDER_ASSETS, then the cache, then PATH, since what the reader set comes before what happens to be there', () => {
    expect(candidatesOf('etcd', env)).toEqual([
      { from: 'kubebuilder', path: '/assets/etcd' },
      { from: 'cache', path: cachedPath('etcd', env) },
      { from: 'path', path: '/usr/bin/etcd' },
      { from: 'path', path: '/opt/bin/etcd' },
    ]);
  });

  it('takes the binary of its own variable and nothing else, so that a typing error is not hidden', async () => {
    const own = { ...env, TIDEGATE_KUBE_APISERVER_BIN: '/mine/kube-apiserver' };
    expect(candidatesOf('kube-apiserver', own)).toEqual([{ from: 'environment', path: '/mine/kube-apiserver' }]);
    const nothing = { env: own, isExecutable: () => false, versionOf: () => Promise.resolve('') };
    await expect(findBinary('kube-apiserver', nothing)).rejects.toThrow(
      'TIDEGATE_KUBE_APISERVER_BIN names /mine/kube-apiserver, which is not an executable file',
    );
  });

  it('never takes our own programs from PATH, where one of the same name is another program', () => {
    for (const name of ['tether', 'cilium-lab', 'cec-check', 'clustermesh-apiserver'] as const) {
      expect(candidatesOf(name, env).map(({ from }) => from)).toEqual(['cache']);
    }
  });

  it('goes on to the next place when a version is too old', async () => {
    const versions: Record<string, string> = { '/assets/etcd': '3.4.27', '/usr/bin/etcd': '3.5.0' };
    const deps = {
      env,
      isExecutable: (path: string) => path in versions,
      versionOf: (path: string) => Promise.resolve(printed.etcd(versions[path] ?? '')),
    };
    expect(await findBinary('etcd', deps)).toBe('/usr/bin/etcd');
  });

  it('keeps the cache under TIDEGATE_CACHE, else XDG_CACHE_HOME', () => {
    expect(cachedPath('envoy', { TIDEGATE_CACHE: '/here' })).toBe('/here/bin/envoy-1.40.0');
    expect(cachedPath('envoy', { XDG_CACHE_HOME: '/xdg' })).toBe('/xdg/tidegate/bin/envoy-1.40.0');
  });

  it('names what we build after its sources, so that an edit builds again and the parts do not build for each other', () => {
    const keys = (['cilium-lab', 'cec-check', 'clustermesh-apiserver'] as const).map((name) =>
      cachedPath(name, env).replace(`/cache/bin/${name}-`, ''),
    );
    for (const key of keys) expect(key).toMatch(/^1\.20\.2-[0-9a-f]{12}$/);
    expect(new Set(keys).size).toBe(3);
  });

  it('has one variable per binary', () => {
    expect(new Set(binaryNames.map(environmentVariable)).size).toBe(binaryNames.length);
  });
});

describe('which versions are good enough', () => {
  it.each([
    ['etcd', '3.5.0', '3.4.30'],
    ['kube-apiserver', '1.34.1', '1.33.9'],
    ['kube-apiserver', '2.0.0', '0.34.0'],
    ['envoy', '1.38.0', '1.37.9'],
    ['prometheus', '3.0.1', '2.55.0'],
    ['temporal', '1.9.1', '1.3.0'],
  ] as const)('%s: %s is, %s is not', (name, good, bad) => {
    expect(isAcceptable(name, printed[name](good))).toBe(true);
    expect(isAcceptable(name, printed[name](bad))).toBe(false);
  });

  it('does not trust a program that prints no version', () => {
    expect(isAcceptable('etcd', '')).toBe(false);
    expect(isAcceptable('prometheus', 'prometheus, version  (branch: , revision: unknown)')).toBe(false);
  });
});

describe('prerequisites', () => {
  it('asks for nothing that is not needed: with every binary there, neither Go nor Python nor disk', () => {
    expect(missingPrerequisites({ ...machine, go: '', pip: '', freeDiskGb: 0.1 }, [])).toEqual([]);
    expect(missingPrerequisites({ ...machine, pip: '' }, ['etcd'])).toEqual([]);
    expect(missingPrerequisites({ ...machine, go: '' }, ['envoy'])).toEqual([]);
  });

  it('names everything at once, each with what to do', () => {
    const bare = {
      platform: 'darwin',
      arch: 'riscv64',
      nodeVersion: '22.1.0',
      developmentPackages: true,
      go: 'go version go1.25.3 darwin/arm64',
      pip: '',
      freeDiskGb: 2.04,
    };
    const missing = missingPrerequisites(bare, binaryNames);
    expect(missing).toHaveLength(6);
    expect(missing.join('\n')).toContain('this is darwin');
    expect(missing.join('\n')).toContain('Node 24 or newer is needed, this is 22.1.0');
    expect(missing.join('\n')).toContain('Go 1.26 or newer is needed, found go version go1.25.3');
    expect(missing.join('\n')).toContain('python3 with pip is needed');
    expect(missing.join('\n')).toContain('2.0 GB are free');
  });

  it('accepts this list of versions', () => {
    expect(missingPrerequisites(machine, binaryNames)).toEqual([]);
    expect(missingPrerequisites({ ...machine, go: 'go version go2.0 linux/amd64' }, ['tether'])).toEqual([]);
  });
});
