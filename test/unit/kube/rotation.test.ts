/** Certificates are rotated under the same name while a worker runs: what it has read once is not what holds. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kinds } from '../../../core/kube/kinds.ts';
import { createClusters, type Clusters } from '../../../platform/kube/clusters.ts';
import { rotated, startFakeApi, statusText, type FakeApi } from '../../support/fake-api.ts';

let api: FakeApi;
let clusters: Clusters;

beforeEach(async () => {
  api = await startFakeApi(() => ({ status: 404, body: statusText(404, 'NotFound') }));
  clusters = createClusters({ deadlineMs: 5_000 });
});

afterEach(async () => {
  await clusters.close();
  await api.close();
});

const write = (name: string, text: string): Promise<void> => writeFile(join(api.dir, name), text);

async function configured(user: object): Promise<string> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: api.url, 'certificate-authority': 'ca.crt' } }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'k',
    users: [{ name: 'u', user }],
  };
  await write('one.yaml', JSON.stringify(config));
  return join(api.dir, 'one.yaml');
}

const call = (path: string): Promise<unknown> =>
  clusters
    .connect({ name: 'aws', access: { kind: 'kubeconfig', path } })
    .get(kinds.service, { namespace: 'shop', name: 'checkout' });

describe('a worker that runs while', () => {
  it('the authority of an API server is rotated trusts the new one as soon as its file says so, and not before', async () => {
    await write('ca.crt', api.ca);
    const path = await configured({ token: 't' });
    await call(path);
    api.rotate();
    await expect(call(path)).rejects.toMatchObject({ code: 'Unavailable' });
    await write('ca.crt', rotated.cert);
    expect(await call(path)).toBeNull();
  });

  it('a client certificate is renewed shows the new one, though nobody has refused the old one', async () => {
    await write('ca.crt', api.ca);
    await write('client.crt', api.ca);
    await write('client.key', api.key);
    const path = await configured({ 'client-certificate': 'client.crt', 'client-key': 'client.key' });
    await call(path);
    await write('client.crt', rotated.cert);
    await write('client.key', rotated.key);
    await call(path);
    expect(api.seen.map(({ client }) => client)).toEqual(['tidegate-test', 'tidegate-rotated']);
  });

  it('a token file is written anew sends the new token', async () => {
    await write('ca.crt', api.ca);
    await write('token.txt', 'one');
    const path = await configured({ tokenFile: 'token.txt' });
    await call(path);
    await write('token.txt', 'two');
    await call(path);
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
  });

  it('its authority is being rewritten goes on with the connection that works, so that a way back is not stopped', async () => {
    await write('ca.crt', api.ca);
    const path = await configured({ token: 't' });
    await call(path);
    await rm(join(api.dir, 'ca.crt'));
    expect(await call(path)).toBeNull();
    await write('ca.crt', api.ca);
    expect(await call(path)).toBeNull();
  });
});
