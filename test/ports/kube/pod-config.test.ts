/** ConfigMaps and Secrets under the versions of a service, on real API servers. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../core/kube/objects.ts';
import { annotations } from '../../../core/kube/labels.ts';
import type { ConfigObject } from '../../../core/kube/objects.ts';
import { configTexts } from '../../../core/workload/pod-config/change-texts.ts';
import type { VersionSource } from '../../../core/workload/version-source.ts';
import { assertEventually } from '../../support/eventually.ts';
import { createScene, prepare, route, type Scene } from './scenes.ts';
import { WHOLE, type Shop } from './shop.ts';
import { START_MS, useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

/** Many objects are written one after the other, ms. */
const LIMIT_MS = 60_000;

const PASSWORD = 'hunter2-that-nobody-may-see';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

beforeAll(async () => {
  const text = await readFile(new URL('../../../infra/kubernetes/rbac-config.yaml', import.meta.url), 'utf8');
  const roles = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
  for (const { admin } of Object.values(servers().clusters))
    for (const role of roles) await admin.apply(`${rbac}/clusterroles/${role.metadata.name}`, role);
}, START_MS);

async function grant({ cluster, service: { namespace } }: Shop, name: string): Promise<void> {
  await cluster.admin.apply(`${rbac}/namespaces/${namespace}/rolebindings/${name}`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'tidegate' }],
  });
  // An API server knows of a binding a moment after it was written.
  const verb = name === 'tidegate-config-read' ? 'get' : 'create';
  await assertEventually(async () => {
    const review = await clusters.connect(cluster.ref).ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace, verb, resource: 'secrets' } },
    });
    expect(review).toMatchObject({ status: { allowed: true } });
  });
}

const pathOf = ({ service: { namespace } }: Shop, kind: 'configmaps' | 'secrets', name = ''): string =>
  `/api/v1/namespaces/${namespace}/${kind}${name === '' ? '' : `/${name}`}`;

/** `checkout` mounts a ConfigMap, reads a Secret, and would read another ConfigMap if it were there. */
async function withConfig(namespace: string): Promise<Scene> {
  const one = await createScene({ servers: servers(), clusters }, namespace);
  const { aws } = one;
  const { admin } = aws.cluster;
  const labels = { 'argocd.argoproj.io/instance': 'shop' };
  await admin.create(pathOf(aws, 'configmaps'), {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: 'checkout-config', namespace, labels },
    data: { 'app.yaml': 'retries: 3' },
  });
  await admin.create(pathOf(aws, 'secrets'), {
    ...{ apiVersion: 'v1', kind: 'Secret' },
    metadata: { name: 'checkout-db', namespace, labels },
    stringData: { password: PASSWORD },
  });
  await admin.merge(aws.path('Deployment', 'checkout'), {
    spec: {
      template: {
        spec: {
          volumes: [{ name: 'config', projected: { sources: [{ configMap: { name: 'checkout-config' } }] } }],
          containers: [
            {
              name: 'checkout',
              image: 'registry.lab/checkout:v1',
              ports: [{ containerPort: 8080 }],
              volumeMounts: [{ name: 'config', mountPath: '/etc/checkout' }],
              envFrom: [{ configMapRef: { name: 'checkout-extra', optional: true } }],
              env: [
                { name: 'DB', valueFrom: { secretKeyRef: { name: 'checkout-db', key: 'password' } } },
                { name: 'OTEL_RESOURCE_ATTRIBUTES', value: 'service.version=v1' },
              ],
            },
          ],
        },
      },
    },
  });
  return one;
}

async function adoptWith(one: Scene, config: Pick<VersionSource, 'config'>): Promise<void> {
  const { aws, act, service } = one;
  await prepare(one, aws, { version: 'v1', replaces: '', source: { deployment: 'checkout', ...config } });
  await route(one, aws, { versions: { aws: { v1: WHOLE } }, epoch: 10, topology: { aws: WHOLE } });
  await act.commit({ service, cluster: aws.cluster.ref, epoch: 10, run: 'run-1', serving: ['aws'], pin: 'v1' });
}

const toldIn = async ({ act, service, aws }: Scene): Promise<readonly string[]> => {
  const { clusters: facts } = await act.readRecords({ service, clusters: [aws.cluster.ref] });
  expect(JSON.stringify(facts)).not.toContain(PASSWORD);
  return configTexts(service.service, facts);
};

const rewrite = ({ aws }: Scene, kind: 'configmaps' | 'secrets', name: string, body: unknown): Promise<unknown> =>
  aws.cluster.admin.merge(pathOf(aws, kind, name), body);

interface ConfigPod {
  readonly volumes: readonly { readonly projected: { readonly sources: readonly { configMap: { name: string } }[] } }[];
  readonly containers: readonly {
    readonly env: readonly { readonly valueFrom?: { readonly secretKeyRef: { readonly name: string } } }[];
    readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  }[];
}

const namesIn = async ({ aws }: Scene, deployment: string) => {
  const spec = (await aws.deployment(deployment)).spec.template.spec as unknown as ConfigPod;
  return {
    config: spec.volumes[0]?.projected.sources[0]?.configMap.name ?? '',
    secret:
      spec.containers[0]?.env.find(({ valueFrom }) => valueFrom !== undefined)?.valueFrom?.secretKeyRef.name ?? '',
    extra: spec.containers[0]?.envFrom[0]?.configMapRef.name ?? '',
  };
};

const copied = { config: 'copy' } as const;

describe('config that versions share', () => {
  it(
    'is recorded without a word of a Secret, and told when it changes under the proven version',
    async () => {
      const one = await withConfig('config-shared');
      await grant(one.aws, 'tidegate-config-read');
      await adoptWith(one, {});
      const { metadata } = await one.aws.deployment('checkout-v1');
      const recorded = JSON.parse(metadata.annotations?.[annotations.config] ?? '{}') as { shared: object };
      expect(Object.keys(recorded.shared)).toEqual([
        'ConfigMap/checkout-config',
        'ConfigMap/checkout-extra',
        'Secret/checkout-db',
      ]);
      expect(recorded.shared).toMatchObject({ 'ConfigMap/checkout-extra': 'absent' });
      expect(await toldIn(one)).toEqual([]);
      await rewrite(one, 'configmaps', 'checkout-config', { metadata: { labels: { touched: 'yes' } } });
      expect(await toldIn(one)).toEqual([]);
      await rewrite(one, 'configmaps', 'checkout-config', { data: { 'app.yaml': 'retries: 30' } });
      await rewrite(one, 'secrets', 'checkout-db', { stringData: { password: `${PASSWORD}!` } });
      expect(await toldIn(one)).toEqual([
        expect.stringContaining(
          'checkout v1 (proven) in aws: ConfigMap checkout-config has changed since v1 was made: an undo to v1 would run with the new content (config: copy',
        ),
        expect.stringContaining('checkout v1 (proven) in aws: Secret checkout-db was written since v1 was made'),
      ]);
      // Made again (a retry, a second deploy), it keeps what it was made with.
      await prepare(one, one.aws, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
      expect((await one.aws.deployment('checkout-v1')).metadata.annotations).toEqual(metadata.annotations);
    },
    LIMIT_MS,
  );

  it(
    'holds nothing up where the role may not read it: that is not known, and said once',
    async () => {
      const one = await withConfig('config-unread');
      await adoptWith(one, {});
      expect(await toldIn(one)).toEqual([
        expect.stringMatching(/^checkout v1 \(proven\) in aws: .* is not known: .*Secret checkout-db/),
      ]);
    },
    LIMIT_MS,
  );
});

describe('config: copy', () => {
  it(
    'gives each version its own, which nobody changes and which goes with its Deployment',
    async () => {
      const one = await withConfig('config-copy');
      const { aws, act, service } = one;
      await grant(aws, 'tidegate-config-read');
      await grant(aws, 'tidegate-config-copy');
      const source = { deployment: 'checkout', ...copied };
      const made = { service, cluster: aws.cluster.ref, version: 'v1', replaces: '', source, run: '' };
      const tried = { ...made, workload: 'managed' as const, progressDeadlineMs: 60_000 };
      expect(await act.dryRunWrites({ service, cluster: aws.cluster.ref, prepare: tried })).toEqual({
        refused: [],
        untried: [],
      });
      await adoptWith(one, copied);
      const v1 = await namesIn(one, 'checkout-v1');
      expect(v1.config).toMatch(/^checkout-config-v1-[a-z2-7]{8}$/);
      expect(v1.secret).toMatch(/^checkout-db-v1-[a-z2-7]{8}$/);
      expect(v1.extra).toBe('checkout-extra');
      const { metadata, spec } = await aws.deployment('checkout-v1');
      expect(spec.replicas).toBe(2);
      const copy = await aws.cluster.admin.get<ConfigObject>(pathOf(aws, 'secrets', v1.secret));
      expect(copy).toMatchObject({ immutable: true, data: { password: Buffer.from(PASSWORD).toString('base64') } });
      expect(copy.metadata.ownerReferences).toEqual([
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-v1', uid: metadata.uid },
      ]);
      expect(copy.metadata.labels).not.toHaveProperty(['argocd.argoproj.io/instance']);

      // v2 is made from v1, and reads what the user's objects hold now.
      await rewrite(one, 'configmaps', 'checkout-config', { data: { 'app.yaml': 'retries: 30' } });
      expect(await toldIn(one)).toEqual([]);
      const next = { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2', ...copied };
      await prepare(one, aws, { version: 'v2', replaces: 'v1', source: next });
      const v2 = await namesIn(one, 'checkout-v2');
      expect(v2.config).toMatch(/^checkout-config-v2-/);
      const [old, fresh] = await Promise.all(
        [v1, v2].map(({ config }) => aws.cluster.admin.get<ConfigObject>(pathOf(aws, 'configmaps', config))),
      );
      expect([old?.data, fresh?.data]).toEqual([{ 'app.yaml': 'retries: 3' }, { 'app.yaml': 'retries: 30' }]);

      // A Secret that is written with the same content is the same config; other content is another version.
      await rewrite(one, 'secrets', 'checkout-db', { metadata: { labels: { rotated: 'no' } } });
      await prepare(one, aws, { version: 'v2', replaces: 'v1', source: next });
      expect(await namesIn(one, 'checkout-v2')).toEqual(v2);
      await rewrite(one, 'secrets', 'checkout-db', { stringData: { password: 'other' } });
      await expect(prepare(one, aws, { version: 'v2', replaces: 'v1', source: next })).rejects.toMatchObject({
        code: 'VersionExists',
        message: expect.stringContaining('Secret/checkout-db changed since v2 was made') as unknown,
      });

      // Without copies again, the next one shares what the user has.
      const shared = { deployment: 'checkout-v2', image: 'registry.lab/checkout:v3' };
      await prepare(one, aws, { version: 'v3', replaces: 'v1', source: shared });
      expect(await namesIn(one, 'checkout-v3')).toEqual({
        config: 'checkout-config',
        secret: 'checkout-db',
        extra: 'checkout-extra',
      });
      expect(JSON.stringify(one.deps.heartbeats)).not.toContain(PASSWORD);
    },
    LIMIT_MS,
  );

  it(
    'leaves alone what its owner wants shared, and tells what a copy lacks',
    async () => {
      const one = await withConfig('config-kept');
      const { aws } = one;
      await grant(aws, 'tidegate-config-read');
      await grant(aws, 'tidegate-config-copy');
      await rewrite(one, 'secrets', 'checkout-db', { metadata: { annotations: { [annotations.config]: 'shared' } } });
      await adoptWith(one, copied);
      const { config, secret } = await namesIn(one, 'checkout-v1');
      expect(secret).toBe('checkout-db');
      const { metadata } = await aws.cluster.admin.get<ConfigObject>(pathOf(aws, 'configmaps', config));
      await aws.cluster.admin.remove(pathOf(aws, 'configmaps', metadata.name));
      expect(await toldIn(one)).toEqual([expect.stringContaining(`ConfigMap ${config}, its own copy, is gone`)]);
    },
    LIMIT_MS,
  );

  it(
    'is refused in the plan, with the manifest that grants it, and nothing is written',
    async () => {
      const one = await withConfig('config-forbidden');
      const { aws, act, service } = one;
      const cluster = aws.cluster.ref;
      const at = { service, cluster, run: '', version: 'v1', replaces: '', workload: 'managed' as const };
      const prepared = { ...at, progressDeadlineMs: 60_000, source: { deployment: 'checkout', ...copied } };
      const { refused } = await act.dryRunWrites({ service, cluster, prepare: prepared });
      expect(refused).toEqual([
        expect.stringMatching(/(ConfigMap|Secret)\/checkout-[a-z]+: read refused.*rbac-config\.yaml/s),
      ]);
      await grant(aws, 'tidegate-config-read');
      await aws.cluster.admin.remove(pathOf(aws, 'configmaps', 'checkout-config'));
      const later = await act.dryRunWrites({ service, cluster, prepare: prepared });
      expect(later.refused).toEqual([expect.stringContaining('ConfigMap/checkout-config does not exist')]);
      expect(await aws.list('Deployment')).toEqual(['checkout']);
    },
    LIMIT_MS,
  );
});
