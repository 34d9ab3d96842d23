/** Places of config: what TIDEGATE_CONFIG may say, and a Git repository, read by git itself. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePlace } from '../../../core/config/places/place.ts';
import { originText } from '../../../core/config/places/origin.ts';
import { createConfigLoader } from '../../../platform/config/load.ts';
import { meshText, serviceText } from './documents.ts';

function messageOf(text: string): string {
  try {
    return JSON.stringify(parsePlace(text));
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a place of config', () => {
  it.each([
    ['/etc/tidegate', { kind: 'files', path: '/etc/tidegate' }],
    ['hub:inCluster', { kind: 'hub', access: { kind: 'inCluster' } }],
    [
      'hub:kubeconfig?path=/etc/hub.yaml&context=hub',
      { kind: 'hub', access: { kind: 'kubeconfig', path: '/etc/hub.yaml', context: 'hub' } },
    ],
    [
      'hub:eks?cluster=hub&region=us-east-1',
      { kind: 'hub', access: { kind: 'eks', cluster: 'hub', region: 'us-east-1' } },
    ],
    [
      'git+https://git.example/shop.git@main:config',
      { kind: 'git', url: 'https://git.example/shop.git', revision: 'main', folder: 'config' },
    ],
    [
      'git+ssh://git@git.example/shop.git@v1.2',
      { kind: 'git', url: 'ssh://git@git.example/shop.git', revision: 'v1.2', folder: '' },
    ],
  ])('%s', (text, place) => {
    expect(parsePlace(text)).toMatchObject(place);
  });

  it.each([
    'hub:',
    'hub:eks?cluster=hub',
    'hub:eks?cluster=hub&region=us-east-1&token=secret-word',
    'hub:clusterProfile?namespace=fleet&name=one',
    'git+https://git.example/shop.git',
    'git+https://user:secret-word@git.example/shop.git@main',
    'git+https://git.example/shop.git?private_token=secret-word@main',
    'git+https://git.example/shop.git#secret-word@main',
    'git+https://git.example/shop.git@main:../elsewhere',
    'git+https://git.example/shop.git@--upload-pack=x',
    'git+ext::sh@main',
  ])('refuses %s, and does not repeat a password', (text) => {
    expect(() => parsePlace(text)).toThrow(expect.objectContaining({ code: 'Invalid' }));
    expect(messageOf(text)).not.toContain('secret-word');
  });
});

/** Of a test that starts a dozen processes on a machine that others use, ms. */
const LIMIT_MS = 60_000;

describe('config in a Git repository', () => {
  let dir: string;
  let repository: string;
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example', ...words], {
      encoding: 'utf8',
    }).trim();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidegate-git-test-'));
    repository = join(dir, 'repository');
    await mkdir(join(repository, 'config'), { recursive: true });
    git('init', '--quiet', '--initial-branch=main');
    await writeFile(join(repository, 'config', 'mesh.yaml'), meshText);
    await writeFile(join(repository, 'config', 'service.yaml'), serviceText());
    await writeFile(join(repository, '.gitattributes'), '*.yaml filter=evil\n');
    await symlink('/etc/passwd', join(repository, 'config', 'link.yaml'));
    git('add', '-A');
    git('commit', '--quiet', '-m', 'one');
  }, LIMIT_MS);

  afterAll(() => rm(dir, { recursive: true }));

  it(
    'is read at a commit, which a plan names, and at no other one',
    async () => {
      const commit = git('rev-parse', 'HEAD');
      const loader = createConfigLoader({ directory: `git+file://${repository}@${commit}:config` });
      const { services, mesh } = await loader.loadServices({});
      expect(services.length).toBeGreaterThan(0);
      const [origin] = services[0]?.origin ?? [];
      expect(origin).toEqual({ kind: 'git', url: `file://${repository}`, commit });
      expect(origin && originText(origin)).toBe(`file://${repository} at commit ${commit}`);
      await writeFile(join(repository, 'config', 'service.yaml'), 'kind: Nonsense\n');
      git('commit', '--quiet', '-am', 'two');
      expect((await loader.loadServices({})).mesh).toEqual(mesh);
      const newer = createConfigLoader({ directory: `git+file://${repository}@main:config` });
      await expect(newer.loadServices({})).rejects.toThrow(/service\.yaml:1/);
    },
    LIMIT_MS,
  );

  it(
    'runs nothing of it: no hook of ours or theirs, no filter; and follows no link',
    async () => {
      const ran = join(dir, 'ran');
      const before = process.env['GIT_CONFIG_GLOBAL'];
      const globals = join(dir, 'gitconfig');
      const hooks = join(dir, 'hooks');
      await mkdir(hooks);
      for (const hook of ['post-checkout', 'reference-transaction', 'post-merge'])
        await writeFile(join(hooks, hook), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
      await writeFile(globals, `[core]\nhooksPath = ${hooks}\n[filter "evil"]\nsmudge = touch ${ran}\n`);
      process.env['GIT_CONFIG_GLOBAL'] = globals;
      try {
        const loader = createConfigLoader({ directory: `git+file://${repository}@main:config` });
        const problems = await loader.validate([]);
        expect(problems.map(({ file }) => file.split('/').at(-1))).not.toContain('link.yaml');
        expect(existsSync(ran)).toBe(false);
      } finally {
        if (before === undefined) delete process.env['GIT_CONFIG_GLOBAL'];
        else process.env['GIT_CONFIG_GLOBAL'] = before;
      }
    },
    LIMIT_MS,
  );

  it(
    'is asked once for all who read it at once, and again where it was not there',
    async () => {
      const later = `${repository}-later`;
      const loader = createConfigLoader({ directory: `git+file://${later}@v1:config` });
      await expect(loader.loadMesh()).rejects.toMatchObject({ code: 'Unavailable' });
      await cp(repository, later, { recursive: true });
      git('-C', later, 'tag', 'v1', git('rev-list', '--max-parents=0', 'HEAD'));
      const now = performance.now.bind(performance);
      performance.now = () => now() + 16_000;
      try {
        const all = await Promise.all(Array.from({ length: 4 }, () => loader.loadMesh()));
        expect(all.map(({ name }) => name)).toEqual(['shop', 'shop', 'shop', 'shop']);
      } finally {
        performance.now = now;
      }
    },
    LIMIT_MS,
  );

  it(
    'that cannot be read is unavailable: nobody knows what it says, and a change waits',
    async () => {
      const loader = createConfigLoader({ directory: `git+file://${dir}/nowhere@main` });
      await expect(loader.loadServices({})).rejects.toMatchObject({
        code: 'Unavailable',
        message: expect.stringContaining('git has failed'),
      });
      expect(await loader.validate([])).toHaveLength(1);
    },
    LIMIT_MS,
  );
});
