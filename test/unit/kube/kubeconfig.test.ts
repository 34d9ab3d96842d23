import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { kinds } from '../../../core/kube/kinds.ts';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { startFakeApi, statusText, type FakeApi } from '../../support/fake-api.ts';

let api: FakeApi;

beforeAll(async () => {
  api = await startFakeApi(() => ({ status: 404, body: statusText(404, 'NotFound') }));
  await writeFile(join(api.dir, 'token.txt'), 'abc\n');
});

afterAll(async () => {
  await api.close();
});

/** Names as of EKS, with colons. */
const NAME = 'arn:aws:eks:eu-west-1:123456789012:cluster/shop';

async function called({ user = { token: 'x' }, cluster = {} }: { user?: unknown; cluster?: object }) {
  const path = join(api.dir, 'one.yaml');
  const trust = { 'certificate-authority-data': Buffer.from(api.ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: api.url, ...trust, ...cluster } }],
    contexts: [{ name: NAME, context: { cluster: 'c', user: 'u' } }],
    'current-context': NAME,
    users: [{ name: 'u', user }],
  };
  await writeFile(path, JSON.stringify(config));
  return calledWith(path);
}

async function calledWith(path: string) {
  const clusters = createClusters({ deadlineMs: 5_000 });
  try {
    await clusters
      .connect({ name: 'aws', access: { kind: 'kubeconfig', path } })
      .get(kinds.service, { namespace: 'shop', name: 'checkout' });
    return api.seen.at(-1)?.headers ?? {};
  } finally {
    await clusters.close();
  }
}

const plugin = (status: string) =>
  writeFile(join(api.dir, 'plugin.sh'), `#!/bin/sh\necho '{"kind":"ExecCredential","status":${status}}'\n`, {
    mode: 0o700,
  });

describe('the user of a kubeconfig, as kubectl reads it', () => {
  it('has the token of a file beside the kubeconfig, without its newline', async () => {
    expect(await called({ user: { tokenFile: 'token.txt' } })).toMatchObject({ authorization: 'Bearer abc' });
  });

  it('has the token of the file before the one beside it, which is what is left without the file', async () => {
    const both = (tokenFile: string) => called({ user: { tokenFile, token: 'x' } });
    expect(await both('token.txt')).toMatchObject({ authorization: 'Bearer abc' });
    expect(await both('none.txt')).toMatchObject({ authorization: 'Bearer x' });
  });

  it('is Unavailable without its token file, never anonymous', async () => {
    const error: unknown = await called({ user: { tokenFile: 'none.txt' } }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('aws: the tokenFile') });
    expect(String(error)).not.toContain(api.dir);
  });

  it('acts as whom it impersonates: user, uid, groups and extra', async () => {
    const as = {
      as: 'deployer',
      'as-uid': '7',
      'as-groups': ['team-shop', 'team-ops'],
      'as-user-extra': { 'example.org/reason': ['canary'] },
    };
    expect(await called({ user: { token: 'x', ...as } })).toMatchObject({
      authorization: 'Bearer x',
      'impersonate-user': 'deployer',
      'impersonate-uid': '7',
      'impersonate-group': 'team-shop, team-ops',
      'impersonate-extra-example.org%2freason': 'canary',
    });
  });

  it('has an exec plugin whose path starts at the kubeconfig, and which is told as kubectl tells it', async () => {
    await plugin('{"token":"\'"$(printf %s "$KUBERNETES_EXEC_INFO" | base64 | tr -d "\\n")"\'"}');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh', provideClusterInfo: true };
    const { authorization = '' } = await called({ user: { exec } });
    expect(JSON.parse(Buffer.from(authorization.replace('Bearer ', ''), 'base64').toString())).toMatchObject({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      spec: { interactive: false, cluster: { server: api.url } },
    });
  });

  it('is Unavailable when its plugin gives nothing, never anonymous', async () => {
    await plugin('{}');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh' };
    await expect(called({ user: { exec } })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('neither a token nor a certificate'),
    });
  });

  it.each([
    ['username and password', { username: 'admin', password: 'geheim' }, 'no basic authentication'],
    ['an auth-provider', { 'auth-provider': { name: 'oidc' } }, 'auth-provider'],
    ['no credential', {}, 'no credential for the user u'],
    ['nothing at all', null, 'no credential for the user u'],
    ['empty credentials', { token: '', tokenFile: '' }, 'no credential for the user u'],
    ['groups without a user', { token: 'x', 'as-groups': ['a'] }, 'as-groups without as'],
    ['groups that are no list', { token: 'x', as: 'a', 'as-groups': 'b' }, 'impersonation'],
    ['a name that would add a header', { token: 'x', as: 'a\r\nX-B: c' }, 'impersonation'],
    [
      'a plugin that asks a person',
      { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'x', interactiveMode: 'Always' } },
      'interactiveMode Always',
    ],
  ])('is refused by name with %s, before any call', async (_, user, why) => {
    const before = api.seen.length;
    const error: unknown = await called({ user }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'Invalid', message: expect.stringContaining(why), fix: expect.any(String) });
    expect(String(error)).not.toContain('geheim');
    expect(api.seen).toHaveLength(before);
  });
});

describe('the cluster of a kubeconfig', () => {
  const none = { 'certificate-authority-data': undefined };

  it('is trusted by its own authority only, by data before a file', async () => {
    await expect(called({ cluster: none })).rejects.toMatchObject({ code: 'Unavailable' });
    await writeFile(join(api.dir, 'ca.crt'), api.ca);
    expect(await called({ cluster: { ...none, 'certificate-authority': 'ca.crt' } })).toHaveProperty('authorization');
    expect(await called({ cluster: { 'certificate-authority': 'absent.crt' } })).toHaveProperty('authorization');
  });

  it('is not verified when the file says so, and that beside an authority is refused as kubectl does', async () => {
    const skip = { 'insecure-skip-tls-verify': true };
    expect(await called({ cluster: { ...none, ...skip } })).toHaveProperty('authorization');
    await expect(called({ cluster: skip })).rejects.toThrow('contradict each other');
  });

  it('is verified by the name that tls-server-name gives it', async () => {
    expect(await called({ cluster: { 'tls-server-name': 'api.test' } })).toHaveProperty('authorization');
    await expect(called({ cluster: { 'tls-server-name': 'other.test' } })).rejects.toMatchObject({
      code: 'Unavailable',
    });
  });
});

describe('a list of kubeconfigs', () => {
  it('is refused with the command that makes one of them', async () => {
    const list = [join(api.dir, 'a.yaml'), join(api.dir, 'b.yaml')].join(delimiter);
    const error: unknown = await calledWith(list).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('is a list of files'),
      fix: expect.stringContaining('--flatten'),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain(api.dir);
  });
});

describe('an error about a kubeconfig', () => {
  it('names the cluster, and neither file nor context: it goes into the history of a run', async () => {
    const file = join(api.dir, 'other.yaml');
    await writeFile(file, 'current-context: secret-place\n');
    const clusters = createClusters({ deadlineMs: 5_000 });
    for (const access of [
      { path: join(api.dir, 'none.yaml') },
      { path: file },
      { path: file, context: 'secret-ctx' },
    ]) {
      const error: unknown = await clusters
        .connect({ name: 'aws', access: { kind: 'kubeconfig', ...access } })
        .get(kinds.service, { namespace: 'shop', name: 'checkout' })
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'Invalid', fix: expect.stringMatching(/^correct kubeconfig\./) });
      expect(String(error)).toContain('aws: its kubeconfig');
      expect(JSON.stringify(error) + String(error)).not.toMatch(new RegExp(`${api.dir}|secret`));
    }
    await clusters.close();
  });
});
