/** The kinds of config as custom resources, on a real API server. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { crdsCommand } from '../../../cli/clusters/crds.ts';
import type { KubeClient, KubeObject } from '../../../infra/lab/api/kube-client.ts';
import { assertEventually } from '../../support/eventually.ts';
import { limits } from '../../support/limits.ts';
import { textIo } from '../../support/text-io.ts';
import { useApiServers, START_MS } from '../kube/use-api-servers.ts';

const { servers } = useApiServers('hub');
const root = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message: string }[] };
}

let admin: KubeClient;
let definitions: readonly KubeObject[];

const documents = (text: string): KubeObject[] => parseAllDocuments(text).map((one) => one.toJS() as KubeObject);

const example = async (file: string): Promise<KubeObject[]> =>
  documents(await readFile(new URL(`../../../docs/examples/${file}`, import.meta.url), 'utf8'));

/** As kubectl does: unknown fields are refused; nothing is stored. */
function create(one: KubeObject): Promise<KubeObject> {
  const { kind, metadata } = one;
  const plural = kind === 'Mesh' ? 'meshes' : `${kind.toLowerCase()}s`;
  const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return admin.create(`/apis/tidegate.dev/v1alpha1${scope}/${plural}?fieldValidation=Strict&dryRun=All`, one);
}

beforeAll(async () => {
  ({ admin } = servers().clusters['hub'] as { admin: KubeClient });
  const io = textIo();
  crdsCommand(io);
  definitions = documents(io.out);
  await admin.apply('/api/v1/namespaces/shop', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await Promise.all(definitions.map((one) => admin.create(`${root}?fieldValidation=Strict`, one)));
  await assertEventually(async () => {
    for (const { metadata } of definitions) {
      const { status } = await admin.get<Definition>(`${root}/${metadata.name}`);
      const established = status?.conditions?.find(({ type }) => type === 'Established');
      expect(established?.status).toBe('True');
    }
  }, limits.workerReady);
}, START_MS);

describe('tidegate crds', () => {
  it('prints structural schemas, without which the API server would store what it does not check', async () => {
    expect(definitions.map(({ metadata }) => metadata.name)).toEqual(
      ['meshes', 'services', 'senders', 'triggers', 'sinks'].map((plural) => `${plural}.tidegate.dev`),
    );
    for (const { metadata } of definitions) {
      const { status } = await admin.get<Definition>(`${root}/${metadata.name}`);
      expect(status?.conditions?.filter(({ type }) => type === 'NonStructuralSchema')).toEqual([]);
    }
  });

  it('takes every example of docs, whatever its kind', async () => {
    const all = [
      ...(await example('mesh.yaml')),
      ...(await example('checkout.yaml')),
      ...(await example('events.yaml')),
    ];
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['Mesh', 'Service', 'Sender', 'Trigger']));
    for (const one of all) {
      const { spec } = (await create(one)) as KubeObject & { spec: unknown };
      // Nothing is cut off and nothing added: what is read later is what was written.
      expect(spec).toEqual((one as KubeObject & { spec: unknown }).spec);
    }
  });

  it.each([
    ['slack', { type: 'slack', urlFrom: { env: 'SLACK_URL' } }],
    ['github', { type: 'github', repository: 'acme/checkout', token: { env: 'GITHUB_TOKEN' } }],
  ])('takes a sink of the make %s with the fields of that make', async (name, spec) => {
    const sink = { apiVersion: 'tidegate.dev/v1alpha1', kind: 'Sink', metadata: { name }, spec };
    expect(await create(sink as KubeObject)).toMatchObject({ spec });
  });

  it.each([
    ['a key that nobody knows', { rolout: {} }, /unknown field "spec.rolout"/],
    ['a duration that is none', { rollout: { warm: 'soon' } }, /spec.rollout.warm/],
    ['a duration without a number', { rollout: { warm: '' } }, /spec.rollout.warm/],
    ['a value of the wrong type', { mesh: 7 }, /spec.mesh/],
  ])('refuses a Service with %s', async (_, spec, message) => {
    const [service] = await example('checkout.yaml');
    const written = service as KubeObject & { spec: object };
    await expect(create({ ...written, spec: { ...written.spec, ...spec } } as KubeObject)).rejects.toThrow(message);
  });

  it('refuses two clusters of one name, and a sink with a field of another make', async () => {
    const [mesh] = (await example('mesh.yaml')) as (KubeObject & { spec: { clusters: object[] } })[];
    const [first] = mesh?.spec.clusters ?? [];
    const twins = { ...mesh, spec: { clusters: [first, first] } } as unknown as KubeObject;
    await expect(create(twins)).rejects.toThrow(/Duplicate value/);
    const sink = { apiVersion: 'tidegate.dev/v1alpha1', kind: 'Sink', metadata: { name: 'wrong' } };
    const spec = { type: 'slack', urlFrom: { env: 'SLACK_URL' }, repository: 'acme/checkout' };
    await expect(create({ ...sink, spec } as KubeObject)).rejects.toThrow(/spec/);
  });
});
