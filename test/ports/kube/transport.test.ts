import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/common';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { toFailure, withFailures } from '../../../activities/failures.ts';
import type { ReachableCluster } from '../../../core/kube/cluster-ref.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { kubeconfig } from '../../../infra/lab/api/kubeconfig.ts';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { createNamespace, startApiServers, type TestCluster, type TestClusters } from '../../support/api-server.ts';
import { pathOf } from '../../support/kubeconfig-path.ts';
import { assertHangs } from '../../support/hangs.ts';
import { bindingPath } from '../../../infra/lab/api/rbac.ts';
import { requireTeam } from './policy.ts';

const START_MS = 300_000;
let servers: TestClusters;
let aws: TestCluster;
let ca: string;

beforeAll(async () => {
  servers = await startApiServers(['aws']);
  aws = servers.clusters['aws'] as TestCluster;
  ca = await readFile(join(servers.dir, 'aws', 'certificates', 'apiserver.crt'), 'utf8');
  await createNamespace(servers, 'shop');
}, START_MS);

afterAll(async () => {
  await servers.stop();
});

const frontend = { namespace: 'shop', name: 'checkout' };

async function withKubeconfig(name: string, target: { server: string; token: string }): Promise<ReachableCluster> {
  const path = join(servers.dir, `${name}.kubeconfig`);
  await writeFile(path, kubeconfig([{ name, user: 'tidegate', target: { ...target, ca } }]));
  return { name, access: { kind: 'kubeconfig', path } };
}

/** In front of the API server's address: the same certificate, answers of our own. */
async function fakeServer(
  answer: (path: string, count: number) => { status: number; headers?: Record<string, string>; body: string },
) {
  const dir = join(servers.dir, 'aws', 'certificates');
  const [cert, key] = await Promise.all([readFile(join(dir, 'apiserver.crt')), readFile(join(dir, 'apiserver.key'))]);
  const seen: { authorization: string | undefined }[] = [];
  const sockets = new Set<unknown>();
  const server: Server = createServer({ cert, key }, (request, response) => {
    seen.push({ authorization: request.headers.authorization });
    const { status, headers, body } = answer(request.url ?? '', seen.length);
    response.writeHead(status, headers).end(body);
  });
  server.on('secureConnection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    url,
    seen,
    sockets,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** What an API server says when an object is not there. */
const notFound = JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' });

const status = (code: number, message: string) => JSON.stringify({ kind: 'Status', code, message });

describe('connections', () => {
  it('uses at most four kept-alive connections for 200 calls, one when they come in turn', async () => {
    const fake = await fakeServer(() => ({ status: 404, body: notFound }));
    const ref = await withKubeconfig('sockets', { server: fake.url, token: 't' });
    const inTurn = createClusters();
    for (let i = 0; i < 200; i += 1) await inTurn.connect(ref).get(kinds.service, frontend);
    expect(fake.sockets.size).toBe(1);
    const atOnce = createClusters();
    await Promise.all(Array.from({ length: 200 }, () => atOnce.connect(ref).get(kinds.service, frontend)));
    expect(fake.sockets.size - 1).toBeLessThanOrEqual(4);
    await Promise.all([inTurn.close(), atOnce.close(), fake.close()]);
  });
});

describe('deadlines', () => {
  it('ends as Unavailable when the API server accepts and hangs, and works again when it answers', async () => {
    const clusters = createClusters({ deadlineMs: 1_000 });
    const cluster = clusters.connect(aws.ref);
    await cluster.get(kinds.service, frontend);
    aws.process.signal('SIGSTOP');
    try {
      await assertHangs(() => cluster.get(kinds.service, frontend), {
        error: {
          code: 'Unavailable',
          message: 'aws/shop/Service/checkout: read: no answer from the API server in 1000 ms',
        },
        withinMs: 3_000,
      });
    } finally {
      aws.process.signal('SIGCONT');
    }
    const patient = createClusters();
    await patient.connect(aws.ref).get(kinds.service, frontend);
    await Promise.all([clusters.close(), patient.close()]);
  });

  it('lets go at once when the caller is cancelled, with the reason of the cancellation', async () => {
    const clusters = createClusters();
    const controller = new AbortController();
    const reason = new Error('cancelled by a person');
    const call = clusters.connect(aws.ref).list(kinds.service, 'shop', { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await clusters.close();
  });
});

describe('a server that asks to come back later', () => {
  it('waits for a short Retry-After inside the deadline', async () => {
    const fake = await fakeServer((_, count) =>
      count < 3
        ? { status: 429, headers: { 'retry-after': '0' }, body: status(429, 'too many') }
        : { status: 404, body: notFound },
    );
    const clusters = createClusters();
    expect(
      await clusters
        .connect(await withKubeconfig('busy', { server: fake.url, token: 't' }))
        .get(kinds.service, frontend),
    ).toBeNull();
    expect(fake.seen).toHaveLength(3);
    await Promise.all([clusters.close(), fake.close()]);
  });

  it('hands a long one on as Throttled, so that the wait costs no worker', async () => {
    const fake = await fakeServer(() => ({
      status: 429,
      headers: { 'retry-after': '30' },
      body: status(429, 'too many'),
    }));
    const clusters = createClusters();
    const call = clusters
      .connect(await withKubeconfig('busier', { server: fake.url, token: 't' }))
      .get(kinds.service, frontend);
    await expect(call).rejects.toMatchObject({ code: 'Throttled', retryAfterMs: 30_000 });
    expect(fake.seen).toHaveLength(1);
    await Promise.all([clusters.close(), fake.close()]);
  });
});

describe('credentials', () => {
  it('reads the kubeconfig anew when the server no longer takes the token', async () => {
    let accepted = 'Bearer old';
    const fake = await fakeServer((_, count) =>
      fake.seen[count - 1]?.authorization === accepted
        ? { status: 404, body: notFound }
        : { status: 401, body: status(401, 'Unauthorized') },
    );
    const clusters = createClusters();
    const cluster = clusters.connect(await withKubeconfig('renewed', { server: fake.url, token: 'old' }));
    await cluster.get(kinds.service, frontend);
    accepted = 'Bearer new';
    await withKubeconfig('renewed', { server: fake.url, token: 'new' });
    expect(await cluster.get(kinds.service, frontend)).toBeNull();
    await Promise.all([clusters.close(), fake.close()]);
  });

  it('goes on with the connection that works while the kubeconfig is being rewritten, so that a way back is not stopped', async () => {
    const fake = await fakeServer(() => ({ status: 404, body: notFound }));
    const ref = await withKubeconfig('rewritten', { server: fake.url, token: 'old' });
    const clusters = createClusters();
    const cluster = clusters.connect(ref);
    await cluster.get(kinds.service, frontend);
    await writeFile(pathOf(ref), 'apiVersion: v1\nclus');
    expect(await cluster.get(kinds.service, frontend)).toBeNull();
    await withKubeconfig('rewritten', { server: fake.url, token: 'new' });
    expect(await cluster.get(kinds.service, frontend)).toBeNull();
    expect(fake.seen.map((one) => one.authorization)).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
    await Promise.all([clusters.close(), fake.close()]);
  });

  it('never shows a token, key or Authorization header in an error, whatever goes wrong', async () => {
    const token = 'sekret-0123456789';
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const broken = join(servers.dir, 'broken.kubeconfig');
    await writeFile(broken, `users: [{name: a, user: {token: ${token}}}\n  bad: [`);
    const exec = join(servers.dir, 'exec.kubeconfig');
    const command = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', `echo ${token} >&2; exit 1`],
    };
    await writeFile(
      exec,
      JSON.stringify({
        'current-context': 'a',
        clusters: [{ name: 'a', cluster: { server: aws.server } }],
        users: [{ name: 'a', user: { exec: command } }],
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      }),
    );
    const refs: ReachableCluster[] = [
      await withKubeconfig('wrong-token', { server: aws.server, token }),
      await withKubeconfig('nobody-listens', { server: 'https://127.0.0.1:1', token }),
      { name: 'broken', access: { kind: 'kubeconfig', path: broken } },
      { name: 'exec', access: { kind: 'kubeconfig', path: exec } },
      { name: 'missing', access: { kind: 'kubeconfig', path: join(servers.dir, 'none') } },
    ];
    const clusters = createClusters({ deadlineMs: 2_000 });
    for (const ref of refs) {
      const error = await clusters
        .connect(ref)
        .get(kinds.service, frontend)
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(TidegateError);
      const failure = toFailure(error) as ApplicationFailure;
      const shown = [
        JSON.stringify(error),
        (error as Error).stack,
        String((error as Error).cause),
        failure.message,
        JSON.stringify(failure.details),
      ].join('\n');
      expect(shown).not.toContain(token);
      expect((error as Error).message).toContain(ref.name);
    }
    const leaky = new TypeError(`request failed: {"authorization":"Bearer ${token}"} ${pem}`);
    const failure = toFailure(leaky) as ApplicationFailure;
    expect(failure.message).not.toContain(token);
    expect(failure.message).not.toContain('PRIVATE KEY');
    await clusters.close();
  });
});

describe('refusals of a real API server', () => {
  it('maps what it says to codes that decide retries', async () => {
    const clusters = createClusters();
    const cluster = clusters.connect(aws.ref);
    const metadata = { name: 'checkout', namespace: 'nowhere' };
    const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } };
    // The role holds in namespaces where it is bound, and in no other.
    await expect(cluster.apply(service)).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('aws/nowhere/Service/checkout'),
    });
    const bad = { ...service, metadata: { ...metadata, namespace: 'shop' }, spec: { ports: [{ port: 99_999 }] } };
    await expect(cluster.apply(bad)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('spec.ports[0].port'),
    });
    const stale = { ...service, metadata: { ...metadata, namespace: 'shop', resourceVersion: '1' } };
    await cluster.apply({ ...service, metadata: { ...metadata, namespace: 'shop' } });
    await expect(cluster.apply(stale)).rejects.toMatchObject({ code: 'Conflict' });
    const secrets = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' };
    await aws.admin.remove(bindingPath('shop', 'tidegate'));
    await expect(
      (async () => {
        // RBAC caches for a moment.
        for (;;) await cluster.list(secrets, 'shop');
      })(),
    ).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('aws/shop/PodDisruptionBudget/*: list refused'),
    });
    await clusters.close();
  });
});

describe('absence and types, as a real API server words them', () => {
  it('believes that a kind is not installed, and names a field of the wrong type instead of retrying', async () => {
    const path = join(servers.dir, 'admin.kubeconfig');
    await writeFile(
      path,
      kubeconfig([{ name: 'aws', user: 'admin', target: { server: aws.server, token: aws.adminToken, ca } }]),
    );
    const clusters = createClusters();
    const cluster = clusters.connect({ name: 'aws', access: { kind: 'kubeconfig', path } });
    expect(await cluster.list(kinds.httpRoute, 'shop')).toEqual([]);
    expect(await cluster.get(kinds.grpcRoute, frontend)).toBeNull();
    expect(await cluster.get(kinds.envoyConfig, frontend)).toBeNull();
    expect(await cluster.ask('/apis/gateway.networking.k8s.io/v1')).toBeNull();
    const container = { name: 'checkout', image: 'checkout:v1', env: [{ name: 'PORT', value: 8080 }] };
    const labels = { app: 'checkout' };
    const deployment = {
      ...kinds.deployment,
      metadata: { name: 'typed', namespace: 'shop' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    };
    await expect(cluster.apply(deployment)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('.value'),
    });
    await clusters.close();
  });
});

describe('403 for other reasons than a role, as a real API server words them', () => {
  const service = (namespace: string) => ({
    ...kinds.service,
    metadata: { name: 'checkout', namespace },
    spec: { ports: [{ port: 80 }] },
  });

  async function asAdmin(): Promise<ReachableCluster> {
    const path = join(servers.dir, 'admin-2.kubeconfig');
    await writeFile(
      path,
      kubeconfig([{ name: 'aws', user: 'admin', target: { server: aws.server, token: aws.adminToken, ca } }]),
    );
    return { name: 'aws', access: { kind: 'kubeconfig', path } };
  }

  it('names the policy and says that a namespace is being deleted, and calls neither a missing role', async () => {
    const clusters = createClusters();
    const cluster = clusters.connect(await asAdmin());
    await Promise.all(['policed', 'leaving'].map((name) => createNamespace(servers, name)));
    await expect(cluster.apply(service('nowhere'))).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('aws/nowhere/Service/checkout'),
    });
    await aws.admin.remove('/api/v1/namespaces/leaving');
    const leaving = await cluster.apply(service('leaving')).catch((error: unknown) => error);
    expect(leaving).toMatchObject({ code: 'Invalid', fix: expect.stringContaining('the namespace is being deleted') });
    await requireTeam(aws.admin, { namespace: 'policed', apiGroup: '', resource: 'services' });
    await expect(
      (async () => {
        // A policy holds a moment after it was written.
        for (;;) await cluster.apply(service('policed'));
      })(),
    ).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringMatching(/ValidatingAdmissionPolicy require-team does not allow it.*label team is missing/),
    });
    await clusters.close();
  });
});

describe('failures', () => {
  it('carry code, retry and fix into Temporal; faults of the program are not retried', async () => {
    const { act, broken } = withFailures({
      act: () => Promise.reject(new TidegateError('Throttled', 'busy', { retryAfterMs: 700, fix: 'wait' })),
      broken: () => Promise.reject(new TypeError('x is undefined')),
    });
    await expect(act()).rejects.toMatchObject({
      type: 'Throttled',
      nonRetryable: false,
      nextRetryDelay: 700,
      details: [{ fix: 'wait' }],
    });
    await expect(broken()).rejects.toMatchObject({ type: 'Bug', nonRetryable: true });
  });
});
