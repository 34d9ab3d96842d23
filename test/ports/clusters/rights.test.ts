/** The rights that `tidegate rbac` prints, on a real API server with RBAC on: enough for the whole story, and no more. */
import { beforeAll, afterAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { checkClusters, listClusters } from '../../../cli/clusters/clusters.ts';
import { rbacCommand } from '../../../cli/clusters/rbac.ts';
import { refusedGrants } from '../../../cli/doctor/permissions.ts';
import { grants, type Grant, type Scope } from '../../../core/kube/rights/needs.ts';
import { policyRules } from '../../../core/kube/rights/roles.ts';
import type { KubeClient, KubeObject } from '../../../infra/lab/api/kube-client.ts';
import { applyRoles, bindingPath } from '../../../infra/lab/api/rbac.ts';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { startApiServers, type TestCluster, type TestClusters } from '../../support/api-server.ts';
import { assertEventually } from '../../support/eventually.ts';
import { writeMesh } from '../../support/mesh-file.ts';
import { textIo } from '../../support/text-io.ts';
import { installKeda } from '../kube/keda.ts';
import { createScene } from '../kube/scenes.ts';
import { START_MS } from '../kube/use-api-servers.ts';
import { tellStory } from './story.ts';

const namespace = 'rights';
const clusters = createClusters();
const rbac = '/apis/rbac.authorization.k8s.io/v1';
/** Of a test that makes hundreds of calls, on a machine that others use, ms. */
const LIMIT_MS = 120_000;

let servers: TestClusters;
let aws: TestCluster;
let admin: KubeClient;

beforeAll(async () => {
  servers = await startApiServers(['aws', 'gcp'], { audit: true });
  aws = servers.clusters['aws'] as TestCluster;
  ({ admin } = aws);
  await installKeda(aws);
}, START_MS);

afterAll(async () => {
  await clusters.close();
  await servers.stop();
});

/** In place of the roles that the test's API servers come with: those that the command prints, to the byte. */
async function giveExactly(): Promise<void> {
  await admin.remove(bindingPath(namespace, 'tidegate'));
  await admin.remove(bindingPath('kube-system', 'tidegate-cilium'));
  await admin.remove(`${rbac}/clusterrolebindings/tidegate-cluster`);
  const io = textIo();
  await rbacCommand({ namespaces: [namespace], services: [], foreignRoutes: true, hub: false }, io);
  await applyRoles(
    admin,
    parseAllDocuments(io.out).map((one) => one.toJS() as KubeObject),
  );
  await assertEventually(async () => expect(await refused()).toEqual([]));
}

const refused = async (): Promise<string[]> =>
  (await refusedGrants(clusters.connect(aws.ref), [{ namespace, before: ['migrate'] }])).map(named).toSorted();

const named = ({ verb, group, resource, scope }: Pick<Grant, 'verb' | 'group' | 'resource' | 'scope'>): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`} of ${scope}`;

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

async function asked(): Promise<AuditEvent[]> {
  const lines = (await readFile(aws.auditLog, 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as AuditEvent);
  return events.filter(({ user: { username }, objectRef }) => username === 'tidegate' && objectRef !== undefined);
}

const scopeOf = (of: string | undefined): Scope =>
  of === undefined ? 'everywhere' : of === 'kube-system' ? 'cilium' : 'services';

/** An apply that makes an object is a patch that needs `create`, too. */
function used({ verb, objectRef, responseStatus }: AuditEvent): string[] {
  const { resource = '', subresource, apiGroup = '', namespace: of } = objectRef ?? {};
  const verbs = verb === 'patch' && responseStatus?.code === 201 ? ['patch', 'create'] : [verb];
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  return verbs.map((one) =>
    named({ verb: one as Grant['verb'], group: apiGroup, resource: whole, scope: scopeOf(of) }),
  );
}

/** Asked for only where the list of all namespaces is refused, or by `clusters check` alone. */
const elsewhere = [
  'list httproutes.gateway.networking.k8s.io of services',
  'list grpcroutes.gateway.networking.k8s.io of services',
  'get configmaps of cilium',
];

describe('the rights that tidegate rbac prints', () => {
  it(
    'are those that the whole story asks for, from adoption to release: nothing is refused, and nothing is given in vain',
    async () => {
      const one = await createScene({ servers, clusters }, namespace);
      await giveExactly();
      const before = (await asked()).length;
      await tellStory(one, clusters);
      const events = (await asked()).slice(before);
      const reviews = 'selfsubjectaccessreviews';
      const made = events.filter(({ objectRef }) => objectRef?.resource !== reviews);
      expect(made.filter(({ responseStatus }) => responseStatus?.code === 403).flatMap(used)).toEqual([]);
      const needed = new Set(made.flatMap(used));
      const given = grants().map(named);
      expect([...needed].filter((right) => !given.includes(right))).toEqual([]);
      expect(given.filter((right) => !needed.has(right) && !elsewhere.includes(right))).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'are each missed by name when they are taken out: no rule is covered by another one',
    async () => {
      const path = `${rbac}/namespaces/${namespace}/roles/tidegate-services`;
      const own = grants().filter(({ scope }) => scope === 'services');
      // The list of all namespaces covers these, too.
      const covered = grants()
        .filter(({ scope }) => scope === 'everywhere')
        .map(({ resource, verb }) => `${verb} ${resource}`);
      for (const [, rights] of Map.groupBy(own, ({ group, resource }) => `${group}/${resource}`)) {
        await admin.merge(path, { rules: policyRules(own.filter((one) => !rights.includes(one))) });
        const missing = rights
          .filter(({ resource, verb }) => !covered.includes(`${verb} ${resource}`))
          .map(named)
          .toSorted();
        await assertEventually(async () => expect(await refused()).toEqual(missing));
      }
      await admin.merge(path, { rules: policyRules(own) });
      await assertEventually(async () => expect(await refused()).toEqual([]));
    },
    LIMIT_MS,
  );
});

describe('tidegate clusters', () => {
  async function config(): Promise<Record<string, string>> {
    const dir = await mkdtemp(join(tmpdir(), 'tidegate-clusters-'));
    await writeMesh({ dir, clusters: [aws.ref, servers.clusters['gcp']?.ref ?? aws.ref] });
    const service = { apiVersion: 'tidegate.dev/v1alpha1', kind: 'Service', metadata: { name: 'checkout', namespace } };
    await writeFile(join(dir, 'service.yaml'), JSON.stringify({ ...service, spec: { mesh: 'shop' } }));
    return { TIDEGATE_CONFIG: dir };
  }

  const cilium = async (of: KubeClient, id: string): Promise<void> => {
    const daemonSets = '/apis/apps/v1/namespaces/kube-system/daemonsets';
    const metadata = (name: string) => ({ name, namespace: 'kube-system' });
    for (const [name, image] of [
      ['cilium', 'quay.io/cilium/cilium:v1.20.1@sha256:ab'],
      ['cilium-envoy', 'quay.io/cilium/cilium-envoy:v1.37.5-17-ab'],
    ] as const) {
      const labels = { app: name };
      const spec = { containers: [{ name: name === 'cilium' ? 'cilium-agent' : name, image }] };
      await of.apply(`${daemonSets}/${name}`, {
        ...{ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: metadata(name) },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      });
    }
    await of.apply('/api/v1/namespaces/kube-system/configmaps/cilium-config', {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('cilium-config') },
      data: { 'cluster-id': id, 'cluster-name': 'there', 'enable-envoy-config': 'true' },
    });
  };

  it('list says where each cluster is and how it is reached', async () => {
    const io = textIo(await config());
    expect(await listClusters({ names: [], json: true }, io)).toBe(0);
    expect((JSON.parse(io.out) as unknown[])[0]).toMatchObject({
      ...{ name: 'aws', cloud: 'aws', region: 'r', ciliumId: 1, server: aws.server },
      access: expect.stringContaining('aws.kubeconfig'),
    });
  });

  it(
    'check puts clusters side by side, and names the one whose Cilium id is another, with what to do',
    async () => {
      const gcp = servers.clusters['gcp'] as TestCluster;
      await cilium(admin, '1');
      await cilium(gcp.admin, '7');
      const io = { ...textIo(await config()), now: () => Date.now() };
      let out = '';
      const code = await checkClusters({ names: [], json: false }, { ...io, stdout: (text) => void (out += text) });
      expect(out).toMatch(/^cluster +kubernetes +user +clock +credential +rights +CRDs +cilium +envoy +mesh id$/m);
      expect(out).toMatch(/^aws +✓ v1\S+ +✓ tidegate +✓ agrees +✓ token .* +✓ 1.20.1 +✓ 1.37 +✓ 1 \(there\)$/m);
      expect(out).toMatch(/^gcp .* +✗ 7 \(there\)$/m);
      expect(out).toContain("✗ gcp: Cilium's cluster id is 7, and the Mesh document says 2");
      expect(code).toBe(1);
      expect(await checkClusters({ names: ['aws'], json: false }, { ...io, stdout: () => undefined })).toBe(0);
    },
    LIMIT_MS,
  );

  it('check of a cluster that does not answer says so once, and looks no further', async () => {
    const io = textIo(await config());
    await writeFile(join(io.env['TIDEGATE_CONFIG'] ?? '', 'mesh-shop.yaml'), await meshOfNobody());
    expect(await checkClusters({ names: [], json: false }, io)).toBe(1);
    expect(io.out).toMatch(/^lost +✗( +-){8}$/m);
    expect(io.out.match(/lost\//g)).toHaveLength(1);
  });

  it('check refuses a name that the mesh does not have', async () => {
    const asking = checkClusters({ names: ['azure'], json: false }, textIo(await config()));
    await expect(asking).rejects.toMatchObject({
      message: 'mesh shop has no cluster azure',
      fix: 'its clusters are aws, gcp',
    });
  });
});

/** A port that nobody listens on: 1 is reserved. */
async function meshOfNobody(): Promise<string> {
  const path = join(servers.dir, 'lost.kubeconfig');
  const [cluster, user] = [{ server: 'https://127.0.0.1:1' }, { token: 'x' }];
  const contexts = [{ name: 'lost', context: { cluster: 'lost', user: 'lost' } }];
  const file = {
    'current-context': 'lost',
    clusters: [{ name: 'lost', cluster }],
    users: [{ name: 'lost', user }],
    contexts,
  };
  await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...file }));
  const locality = { cloud: 'aws', region: 'r' };
  const spec = { clusters: [{ name: 'lost', cilium: { id: 1 }, locality, kubeconfig: { path } }] };
  return JSON.stringify({ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'shop' }, spec });
}
