/** What proves who calls is in no error, no log and no failure of Temporal, whatever a cloud answers: it may repeat a request. */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { toFailure } from '../../../activities/failures.ts';
import type { ClusterAccess, DirectAccess } from '../../../core/kube/cluster-access.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import { kubeconfig } from '../../../infra/lab/api/kubeconfig.ts';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { AWS_SECRETS, ROLE, startFakeAws, type FakeAws } from '../../support/clouds/aws.ts';
import { AZURE_SECRETS, startFakeAzure, type FakeAzure } from '../../support/clouds/azure.ts';
import { GOOGLE_MARKER, startFakeGoogle, type FakeGoogle } from '../../support/clouds/google.ts';
import { json, type CloudCall } from '../../support/clouds/server.ts';
import { allowForSdks } from '../../support/clouds/sdk-time.ts';
import { startFakeApi, statusText, type FakeApi } from '../../support/fake-api.ts';

allowForSdks();

let api: FakeApi;
let aws: FakeAws;
let google: FakeGoogle;
let azure: FakeAzure;
let logged = '';

beforeAll(async () => {
  api = await startFakeApi(() => ({ status: 401, body: statusText(401, 'Unauthorized') }));
  [aws, google, azure] = [await startFakeAws(api), await startFakeGoogle(api), await startFakeAzure(api)];
  await writeFile(join(api.dir, 'token'), 'MARKER-pod-token');
  await writeFile(join(api.dir, 'ca.crt'), api.ca);
  const target = { server: api.url, token: 'MARKER-kubeconfig-token', ca: api.ca };
  await writeFile(join(api.dir, 'marked.yaml'), kubeconfig([{ name: 'one', user: 'tidegate', target }]));
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      logged += String(text);
      return true;
    });
});

afterEach(() => {
  for (const fake of [aws, google, azure]) fake.fault = () => undefined;
});

afterAll(async () => {
  jest.restoreAllMocks();
  await Promise.all([aws.close(), google.close(), azure.close(), api.close()]);
});

const marked = (): DirectAccess => ({ kind: 'kubeconfig', path: join(api.dir, 'marked.yaml') });

const ways = (): [string, ClusterAccess][] => [
  ['eks', { kind: 'eks', cluster: 'shop-us-east-1', region: 'us-east-1' }],
  ['eks by role', { kind: 'eks', cluster: 'shop-us-east-1', region: 'us-east-1', roleArn: ROLE }],
  [
    'gke',
    { kind: 'gke', project: 'shop-prod', location: 'europe-west1', cluster: 'shop-europe-west1', endpoint: 'ip' },
  ],
  [
    'aks',
    {
      kind: 'aks',
      subscription: '00000000-0000-0000-0000-000000000000',
      resourceGroup: 'shop',
      cluster: 'shop-westeurope',
      cloud: 'public',
    },
  ],
  ['a kubeconfig', marked()],
  ['the pod', { kind: 'inCluster' }],
  ['a hub', { kind: 'clusterProfile', hub: marked(), namespace: 'fleet', name: 'one' }],
];

const ofClouds = ['eks', 'gke', 'aks'];

/** Everything that was asked, said back. */
const echo = ({ url, headers, body }: CloudCall): string =>
  `${url.href} ${JSON.stringify(headers)} ${body} ${[...AWS_SECRETS, ...AZURE_SECRETS, GOOGLE_MARKER].join(' ')}`;

const faults: [string, (call: CloudCall) => ReturnType<typeof json>][] = [
  [
    'refusals',
    (call) =>
      json(403, {
        error: { code: 403, status: echo(call), message: echo(call) },
        __type: 'AccessDeniedException',
        message: echo(call),
      }),
  ],
  ['refusals in texts', (call) => ({ status: 400, body: echo(call) })],
  ['answers that are none', (call) => ({ status: 200, body: echo(call) })],
];

describe('no credential is told', () => {
  const markers = /MARKER-|X-Amz-Signature|k8s-aws-v1/;

  async function failureOf(access: ClusterAccess): Promise<string> {
    const clusters = createClusters({
      deadlineMs: 30_000,
      places: { gke: google.url, ...azure.places, pod: { server: api.url, folder: api.dir } },
    });
    try {
      await clusters.connect({ name: 'one', access }).get(kinds.service, { namespace: 'shop', name: 'checkout' });
      throw new RangeError('it was answered');
    } catch (error) {
      const told = { depth: 12, showHidden: true, maxStringLength: Infinity };
      return `${inspect(error, told)} ${(error as Error).stack ?? ''} ${inspect(toFailure(error), told)}`;
    } finally {
      await clusters.close();
    }
  }

  it.each(faults)('by %s of a cloud', async (_, answer) => {
    for (const [way, access] of ways().filter(([, { kind }]) => ofClouds.includes(kind))) {
      for (const fake of [aws, google, azure]) fake.fault = answer;
      const text = await failureOf(access);
      expect([way, text]).toEqual([way, expect.stringContaining('TidegateError: one: ')]);
      expect([way, text]).toEqual([way, expect.not.stringMatching(markers)]);
    }
    expect(logged).not.toMatch(markers);
  });

  it('by an API server that does not take it', async () => {
    for (const [way, access] of ways()) {
      const text = await failureOf(access);
      expect([way, text]).toEqual([way, expect.stringMatching(/Forbidden/)]);
      expect([way, text]).toEqual([way, expect.not.stringMatching(markers)]);
    }
    expect(api.seen.filter(({ headers }) => markers.test(String(headers.authorization))).length).toBeGreaterThan(5);
    expect(logged).not.toMatch(markers);
  });
});
