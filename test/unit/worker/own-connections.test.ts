/** Behind reads that hang, a restore is written at once: it shares no connection with them. */
import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { CommitInput, ReadRecordsInput, RestoreInput } from '../../../core/contract/activities.ts';
import { annotations, labels } from '../../../core/kube/labels.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { createActivities } from '../../../worker/activities.ts';
import { assertEventually } from '../../support/eventually.ts';
import { record } from '../../support/facts.ts';
import { writeMesh } from '../../support/mesh-file.ts';
import { never, startFakeApi, statusText, type FakeAnswer, type FakeCall } from '../../support/fake-api.ts';

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };

const own = '/ciliumenvoyconfigs/tidegate-checkout';

/** A test machine may be busy with other tests, ms. */
const BEGINS_MS = 3_000;

const moved = record('aws', { v1: WHOLE });
const route = {
  ...{ apiVersion: 'cilium.io/v2', kind: 'CiliumEnvoyConfig', spec: { services: [{ name: 'checkout' }] } },
  metadata: {
    ...{ name: 'tidegate-checkout', namespace: 'shop', resourceVersion: '7', uid: 'u' },
    labels: { [labels.owner]: 'default' },
    annotations: {
      [annotations.record]: JSON.stringify({
        ...moved,
        builds: { v1: { digest: 'sha256:a', atMs: 1 } },
        versions: { ...moved.versions, current: { aws: { v1: 500_000, v2: 500_000 } } },
      }),
    },
  },
};

/** Every list hangs; what is asked for by name is answered, and every write refused: that one began is all that counts. */
const answer = ({ method, path }: FakeCall): FakeAnswer | Promise<FakeAnswer> => {
  if (method !== 'GET') return { status: 500, body: statusText(500, 'InternalError') };
  if (path.endsWith(own)) return { status: 200, body: JSON.stringify(route) };
  return /\/namespaces\/[^/]+\/services\/[^/]+$/.test(path)
    ? { status: 404, body: statusText(404, 'NotFound') }
    : never();
};

describe('behind 8 reads that hang', () => {
  it('a restore begins to write at once, where the forward way would wait for a connection', async () => {
    const api = await startFakeApi(answer);
    await writeMesh({ dir: api.dir, clusters: [api.ref] });
    const worker = createActivities({ directory: api.dir, env: {} });
    const read = (input: ReadRecordsInput) => worker.activities.readRecords(input);
    const restore = (input: RestoreInput) => worker.activities.restore(input);
    const commit = (input: CommitInput) => worker.activities.commit(input);
    const environment = new MockActivityEnvironment();
    const run = <T, R>(activity: (input: T) => Promise<R>, input: T): Promise<R> =>
      new MockActivityEnvironment().run(activity, input);
    const input: RestoreInput = { service, cluster: { name: 'aws' }, epoch: 10, run: 'r2', serving: [] };
    const writes = (): number => api.seen.filter(({ method }) => method === 'PATCH').length;
    // The first one loads code and opens a connection.
    await run(restore, input).catch(() => undefined);
    const before = { calls: api.seen.length, writes: writes() };
    const hung = Array.from({ length: 8 }, () =>
      environment.run(read, { service, clusters: [{ name: 'aws' }] }).catch(() => undefined),
    );
    try {
      // The pool of the forward way is taken: no read of the eight gets further.
      await assertEventually(() => expect(api.seen).toHaveLength(before.calls + 4));
      const startedMs = performance.now();
      const forward = run(commit, { ...input, pin: '' }).catch(() => undefined);
      const restored = run(restore, input).catch(() => undefined);
      await assertEventually(() => expect(writes()).toBeGreaterThan(before.writes));
      // 0.1 s on a free machine; a read that hangs is given up after 10 s.
      expect(performance.now() - startedMs).toBeLessThan(BEGINS_MS);
      // The hazard: what shares its connections with the reads has not even been heard.
      const heard = api.seen.slice(before.calls).filter(({ method, path }) => method === 'GET' && path.endsWith(own));
      expect(heard).toHaveLength(1);
      hung.push(
        forward.then(() => undefined),
        restored.then(() => undefined),
      );
    } finally {
      environment.cancel();
      await api.close();
      await Promise.all(hung);
      await worker.close();
    }
  }, 30_000);
});
