/** The manifests of the front door, as a real API server reads them: with Knative's own definition of its Service. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import type { KubeClient, KubeObject } from '../../../infra/lab/api/kube-client.ts';
import { assertEventually } from '../../support/eventually.ts';
import { limits } from '../../support/limits.ts';
import { START_MS, useApiServers } from './use-api-servers.ts';

/** A module of Go that holds the CRD; Go checks what it gets against this sum. */
const knative = { module: 'knative.dev/serving@v0.51.0', sum: 'h1:yN2Q7eYqJgoPfZkATjoBZyGbZ2P1Qhns9HIMU4mF+to=' };
const root = join(import.meta.dirname, '../../..');
const { servers } = useApiServers('aws');

const paths: Readonly<Record<string, string>> = {
  ServiceAccount: '/api/v1/namespaces/tidegate/serviceaccounts',
  'v1/Service': '/api/v1/namespaces/tidegate/services',
  Deployment: '/apis/apps/v1/namespaces/tidegate/deployments',
  PodDisruptionBudget: '/apis/policy/v1/namespaces/tidegate/poddisruptionbudgets',
  'serving.knative.dev/v1/Service': '/apis/serving.knative.dev/v1/namespaces/tidegate/services',
};

const admin = (): KubeClient => {
  const { aws } = servers().clusters;
  if (aws === undefined) throw new Error('there is a cluster aws');
  return aws.admin;
};

const documents = async (file: string): Promise<readonly KubeObject[]> =>
  parseAllDocuments(await readFile(join(root, file), 'utf8')).map((one) => one.toJS() as KubeObject);

/** Nothing is kept: the server says what it thinks of every field. */
async function tried(object: unknown): Promise<KubeObject> {
  const { kind, apiVersion, metadata } = object as KubeObject;
  const path = paths[kind] ?? paths[`${apiVersion}/${kind}`] ?? '';
  return admin().create(`${path}?dryRun=All&fieldValidation=Strict`, { ...(object as KubeObject), metadata });
}

beforeAll(async () => {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', knative.module]);
  const { Dir, Sum } = JSON.parse(stdout) as { Dir: string; Sum: string };
  expect(Sum).toBe(knative.sum);
  const crd: unknown = parse(await readFile(join(Dir, 'config/core/300-resources/service.yaml'), 'utf8'));
  await admin().create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
  await admin().create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tidegate' } });
  await assertEventually(() => admin().get(paths['serving.knative.dev/v1/Service'] ?? ''), limits.eventually);
}, START_MS);

const files = ['infra/kubernetes/front-door.yaml', 'infra/knative/service.yaml', 'infra/cloud-run/service.yaml'];

describe('the manifests of the front door', () => {
  it.each(files)('are taken by an API server, every field known to it: %s', async (file) => {
    for (const object of await documents(file)) expect((await tried(object)).kind).toBe(object.kind);
  });

  it('would be refused with a field that nobody knows: what the test above says is worth something', async () => {
    const [, service] = await documents('infra/knative/service.yaml');
    const wrong = structuredClone(service) as unknown as { spec: { template: { spec: Record<string, unknown> } } };
    wrong.spec.template.spec['containerConcurency'] = 1;
    await expect(tried(wrong)).rejects.toThrow('containerConcurency');
  });

  it.each(files)('give the front door no right and no token at any API server: %s', async (file) => {
    const all = await documents(file);
    expect(all.filter(({ apiVersion }) => apiVersion.startsWith('rbac.'))).toEqual([]);
    if (file.includes('cloud-run')) return; // Google's service account, which no API server knows
    for (const object of all) {
      const text = JSON.stringify(object);
      if (/"ServiceAccount"|"template"/.test(text)) expect(text).toContain('"automountServiceAccountToken":false');
    }
  });
});
