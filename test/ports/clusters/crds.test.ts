/** The kinds of config as custom resources, on a real API server. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeClient, KubeObject } from '../../../infra/lab/api/kube-client.ts';
import { useApiServers, START_MS } from '../kube/use-api-servers.ts';
import { definitionsPath, example, installKinds, tryCreate, type Definition } from './hub-kinds.ts';

const { servers } = useApiServers('hub');
interface Spec {
  readonly clusters?: readonly Readonly<Record<string, unknown>>[];
  readonly action?: object;
}

let admin: KubeClient;
let definitions: readonly KubeObject[];

const create = (one: KubeObject): Promise<KubeObject> => tryCreate(admin, one);

beforeAll(async () => {
  ({ admin } = servers().clusters['hub'] as { admin: KubeClient });
  definitions = await installKinds(admin);
}, START_MS);

describe('tidegate crds', () => {
  it('prints structural schemas, without which the API server would store what it does not check', async () => {
    expect(definitions.map(({ metadata }) => metadata.name)).toEqual(
      ['meshes', 'services', 'senders', 'triggers', 'sinks'].map((plural) => `${plural}.tidegate.dev`),
    );
    for (const { metadata } of definitions) {
      const { status } = await admin.get<Definition>(`${definitionsPath}/${metadata.name}`);
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

  it.each([
    [
      'two clusters with one Cilium id',
      'mesh.yaml',
      (spec: Spec) => ({ ...spec, clusters: spec.clusters?.map((one) => ({ ...one, cilium: { id: 7 } })) }),
      /two clusters have the same Cilium id/,
    ],
    [
      'a cluster that says twice how it is reached',
      'mesh.yaml',
      (spec: Spec) => ({ ...spec, clusters: spec.clusters?.map((one) => ({ ...one, access: { inCluster: {} } })) }),
      /say once how the cluster is reached/,
    ],
    [
      'a role that an external id is for, and is not named',
      'mesh.yaml',
      (spec: Spec) => ({
        ...spec,
        clusters: spec.clusters?.map(({ kubeconfig: _, ...one }) => ({
          ...one,
          access: { eks: { cluster: 'shop', region: 'us-east-1', externalId: 'x' } },
        })),
      }),
      /externalId is for a role/,
    ],
    [
      'half a GKE cluster',
      'mesh.yaml',
      (spec: Spec) => ({
        ...spec,
        clusters: spec.clusters?.map(({ kubeconfig: _, ...one }) => ({
          ...one,
          access: { gke: { location: 'europe-west1', project: 'shop' } },
        })),
      }),
      /write project and cluster, or projectNumber and membership/,
    ],
    [
      'a wave that stops below 100 %',
      'checkout.yaml',
      (spec: Spec) => ({ ...spec, rollout: { waves: [{ clusters: 'rest', steps: [{ share: 50, bake: '1m' }] }] } }),
      /the last step of a wave must have share: 100/,
    ],
    [
      'a Job that runs nothing',
      'checkout.yaml',
      (spec: Spec) => ({ ...spec, rollout: { before: [{ name: 'smoke' }] } }),
      /say what to run/,
    ],
    [
      'two policies at once',
      'trigger',
      (spec: Spec) => ({ ...spec, action: { ...spec.action, policy: { semver: '*', newest: {} } } }),
      /say once which tag is the newest/,
    ],
  ])('refuses %s, in words that say what to do', async (_, of, change, message) => {
    const all = await example(of === 'trigger' ? 'events.yaml' : of);
    const one = all.find(({ kind }) => of !== 'trigger' || kind === 'Trigger') as KubeObject & { spec: Spec };
    await expect(create(one)).resolves.toBeDefined();
    await expect(create({ ...one, spec: change(one.spec) } as KubeObject)).rejects.toThrow(message);
  });
});
