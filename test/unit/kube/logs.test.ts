/** Logs of pods: the one answer of an API server that is text. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { startFakeApi, statusText, type FakeAnswer } from '../../support/fake-api.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function logOf(answer: FakeAnswer) {
  const api = await startFakeApi(() => answer);
  const clusters = createClusters();
  closers.push(
    () => clusters.close(),
    () => api.close(),
  );
  const cluster = clusters.connect(api.ref);
  return { api, log: cluster.log({ namespace: 'shop', name: 'smoke-x' }, { container: 'smoke', lines: 20 }) };
}

describe('the log of a pod', () => {
  it('is taken as the text that it is, also where that happens to be JSON', async () => {
    const body = '{"level":"error","msg":"no"}\n';
    const { api, log } = await logOf({ status: 200, headers: { 'content-type': 'text/plain' }, body });
    expect(await log).toBe(body);
    expect(api.seen[0]).toMatchObject({ path: '/api/v1/namespaces/shop/pods/smoke-x/log', headers: { accept: '*/*' } });
  });

  it('is null without the pod, and an error where it may not be read', async () => {
    expect(await (await logOf({ status: 404, body: statusText(404, 'NotFound') })).log).toBeNull();
    const { log } = await logOf({ status: 403, body: statusText(403, 'Forbidden') });
    await expect(log).rejects.toMatchObject({ code: 'Forbidden' });
  });
});
