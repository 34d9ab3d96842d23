/** The registry's client, and the choice of an image, against a server that speaks the distribution protocol. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { chooseImage, resolveImage, type ImageDeps } from '../../../activities/verify/choose-image.ts';
import type { TagPolicy } from '../../../core/config/events/types.ts';
import type { RegistryAccess } from '../../../core/config/types.ts';
import { connectRegistry } from '../../../platform/registry/registry.ts';
import { pullUser, startRegistry, type RegistryRules, type RegistryServer } from '../../support/registry-server.ts';

const path = 'acme/checkout';
const env = { PULL_USER: pullUser.username, PULL_PASSWORD: pullUser.password };
const byEnv = { usernameEnv: 'PULL_USER', passwordEnv: 'PULL_PASSWORD' };
const { signal } = new AbortController();

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function given(rules: Partial<RegistryRules> = {}): Promise<RegistryServer> {
  const server = await startRegistry({ repository: path, ...rules });
  ends.push(server.close);
  return server;
}

const deps = ({ host }: RegistryServer, credentials?: RegistryAccess['credentials']): ImageDeps => ({
  connectRegistry: (_, repository) =>
    connectRegistry(repository, { env, registries: credentials === undefined ? [] : [{ host, credentials }] }),
});

const choose = (server: RegistryServer, policy: TagPolicy, proven: readonly string[] = [], of = deps(server)) =>
  chooseImage(of, { mesh: 'shop', repository: `${server.host}/${path}`, policy, proven }, signal);

describe('an image is chosen', () => {
  test('of the tags of every page, whatever order they were pushed in', async () => {
    const server = await given();
    const digests = ['1.10.0', '1.2.0', '1.9.0', 'latest', '1.0.0'].map((tag) => server.push(tag));
    expect(await choose(server, { semver: '*' }, ['1.2.0'])).toMatchObject({
      image: `${server.host}/${path}:1.10.0@${digests[0]}`,
      version: '1.10.0',
      refused: false,
    });
    expect(server.requests.filter((one) => one.includes('/tags/list'))).toHaveLength(3);
  });

  test('never below what is proven: a late push of an older version changes nothing', async () => {
    const server = await given();
    server.push('1.1.0');
    expect(await choose(server, { semver: '*' }, ['1.2.0'])).toMatchObject({ image: '', refused: false });
  });

  test('by the time it was built, which lies in its config', async () => {
    const server = await given();
    server.push('zebra', '2026-01-01T00:00:00Z');
    server.push('apple', '2026-02-01T00:00:00Z');
    expect(await choose(server, { newest: '' })).toMatchObject({ version: 'apple' });
    server.push('mute');
    expect(await choose(server, { newest: '' })).toMatchObject({ image: '', refused: true });
  });

  test.each(['basic', 'bearer'] as const)(
    'with credentials of the environment, as the registry asks for them (%s)',
    async (auth) => {
      const server = await given({ auth });
      server.push('1.0.0');
      expect(await choose(server, { semver: '*' }, [], deps(server, byEnv))).toMatchObject({ version: '1.0.0' });
    },
  );

  test('with credentials of a docker config file', async () => {
    const server = await given({ auth: 'bearer' });
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-registry-'));
    ends.push(() => rm(folder, { recursive: true }));
    const auth = Buffer.from(`${pullUser.username}:${pullUser.password}`).toString('base64');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [server.host]: { auth } } }));
    server.push('1.0.0');
    const chosen = await choose(server, { semver: '*' }, [], deps(server, { file: join(folder, 'config.json') }));
    expect(chosen.version).toBe('1.0.0');
  });

  test('without them is forbidden, and the remedy names the place in the config', async () => {
    const server = await given({ auth: 'bearer' });
    await expect(choose(server, { semver: '*' })).rejects.toMatchObject({
      code: 'Forbidden',
      fix: expect.stringContaining('spec.registries'),
    });
  });

  test('later, where the registry asks us to come back later', async () => {
    const server = await given();
    server.faults.push({ status: 429, headers: { 'retry-after': '7' } });
    await expect(choose(server, { semver: '*' })).rejects.toMatchObject({ code: 'Throttled', retryAfterMs: 7_000 });
  });

  test('not at all where the next page is on another host: no credentials go there', async () => {
    const server = await given();
    server.faults.push({ status: 200, headers: { link: '<http://127.0.0.2:1/v2/x/tags/list>; rel="next"' } });
    await expect(choose(server, { semver: '*' })).rejects.toMatchObject({ code: 'Invalid' });
  });

  test.each([
    [500, 'Unavailable'],
    [404, 'Invalid'],
    [403, 'Forbidden'],
  ])('not at all where the registry answers %s: %s', async (status, code) => {
    const server = await given();
    server.faults.push({ status });
    await expect(choose(server, { semver: '*' })).rejects.toMatchObject({ code });
  });

  test('over https only, except on this very machine', async () => {
    await expect(connectRegistry('registry.example/acme/x', { env, registries: [] })).resolves.toBeDefined();
    const server = await given();
    server.faults.push({ status: 302, headers: { location: 'http://registry.example/v2/' } });
    await expect(choose(server, { semver: '*' })).rejects.toThrow('is asked over http');
  });
});

test('an image that is named by a tag gets the digest that the tag is now', async () => {
  const server = await given();
  const digest = server.push('1.0.0');
  const image = `${server.host}/${path}:1.0.0`;
  expect(await resolveImage(deps(server), { mesh: 'shop', image }, signal)).toBe(`${image}@${digest}`);
});
