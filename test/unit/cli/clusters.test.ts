/** What `clusters check` and `rbac` say of what they see. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { rbacCommand, type RbacQuery } from '../../../cli/clusters/rbac.ts';
import { clockSeen, credentialSeen, userSeen } from '../../../cli/doctor/access-checks.ts';
import { ciliumVersion, membershipSeen } from '../../../cli/doctor/cilium-checks.ts';
import type { Finding } from '../../../cli/doctor/check.ts';
import { askedGrants } from '../../../cli/doctor/permissions.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import { grants, usualUse } from '../../../core/kube/rights/needs.ts';
import { policyRules } from '../../../core/kube/rights/roles.ts';
import { createConfigLoader } from '../../../platform/config/load.ts';
import { writeMesh } from '../../support/mesh-file.ts';
import { textIo } from '../../support/text-io.ts';

const severities = ({ findings }: { findings: readonly Finding[] }): string[] => findings.map((one) => one.severity);

describe('the clock of an API server', () => {
  const reach = (skewMs: number | undefined) =>
    ({ skewMs, skewErrorMs: 600, credential: { kind: 'token', expiresAtMs: 0 } }) as const;

  it.each([
    [500, 'agrees', []],
    [-8_000, '8s behind', []],
    [20_000, '20s ahead', ['warning']],
    [-400_000, '6m 40s behind', ['error']],
    [undefined, 'not known', ['warning']],
  ])('that is %p ms off is told as "%s"', (skewMs, note, found) => {
    const seen = clockSeen('aws', reach(skewMs));
    expect(seen.note).toBe(note);
    expect(severities(seen)).toEqual(found);
  });
});

describe('a credential', () => {
  it.each([
    ['token', 3_600_000, 'token, 1h left', []],
    ['token', -1, 'expired', ['error']],
    ['client certificate', 3_600_000, 'client certificate, 1h left', ['warning']],
    ['token', undefined, 'token without an end that can be seen', []],
  ] as const)('%s with %p ms left', (kind, leftMs, note, found) => {
    const expiresAtMs = leftMs === undefined ? undefined : 1_000_000 + leftMs;
    const seen = credentialSeen('aws', { kind, expiresAtMs }, 1_000_000);
    expect(seen.note).toBe(note);
    expect(severities(seen)).toEqual(found);
  });
});

describe('the user', () => {
  it('that nobody knows is an error, and one that may do everything is a warning', () => {
    expect(severities(userSeen('aws', { name: 'system:anonymous', groups: [] }))).toEqual(['error']);
    expect(severities(userSeen('aws', { name: 'admin', groups: ['system:masters'] }))).toEqual(['warning']);
    expect(userSeen('aws', { name: 'tidegate', groups: [] })).toEqual({ note: 'tidegate', findings: [] });
  });
});

describe('Cilium', () => {
  it.each([
    ['quay.io/cilium/cilium:v1.18.2@sha256:ab', '1.18.2'],
    ['registry.shop:5000/cilium/cilium:v1.19.0-rc.1', '1.19.0-rc.1'],
    ['quay.io/cilium/cilium:latest', ''],
  ])('of the image %s is %p', (image, version) => {
    expect(ciliumVersion(image)).toBe(version);
  });

  it('with the id of another cluster, or deaf to CiliumEnvoyConfigs, is an error', () => {
    const good = { 'cluster-id': '3', 'enable-envoy-config': 'true' };
    expect(severities(membershipSeen('aws', 3, good))).toEqual([]);
    expect(severities(membershipSeen('aws', 4, good))).toEqual(['error']);
    expect(severities(membershipSeen('aws', 3, { 'cluster-id': '3' }))).toEqual(['error']);
    expect(severities(membershipSeen('aws', 3, { 'cluster-id': '3', 'enable-gateway-api': 'true' }))).toEqual([]);
  });
});

describe('the table of rights', () => {
  it('has every kind that Tidegate handles, or a new one would be used without a right', () => {
    const used = grants({ ...usualUse, config: 'copy' });
    const groups = new Set(used.map(({ group, resource }) => `${group}/${resource.split('/')[0] ?? ''}`));
    expect(groups.size).toBe(Object.keys(kinds).length);
  });

  it('gives the same rules in whatever order the rights come', () => {
    const all = grants().filter(({ scope }) => scope === 'services');
    expect(policyRules(all.toReversed())).toEqual(policyRules(all));
  });
});

describe('the role of everybody', () => {
  interface Rule {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly verbs: string[];
    readonly resourceNames?: string[];
  }
  const manifest = readFileSync(join(import.meta.dirname, '../../../infra/kubernetes/rbac.yaml'), 'utf8');
  const rules = parseAllDocuments(manifest)
    .map((document) => document.toJS() as { kind: string; rules?: Rule[] })
    .flatMap(({ kind, rules: found }) => (kind.endsWith('Role') ? (found ?? []) : []));

  it('has the rights of the table in its file, no more and no less, so that its users are refused nothing', () => {
    const one = (rule: Rule): string[] =>
      rule.apiGroups.flatMap((group) =>
        rule.resources.flatMap((resource) =>
          rule.verbs.map((verb) => JSON.stringify([group, resource, verb, (rule.resourceNames ?? []).toSorted()])),
        ),
      );
    const used = grants().map((right) =>
      JSON.stringify([right.group, right.resource, right.verb, right.names.toSorted()]),
    );
    expect(rules.flatMap(one).toSorted()).toEqual(used.toSorted());
  });

  it('never includes secrets, pods/exec or a wildcard, since a mesh manager needs none of them', () => {
    const granted = rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]);
    expect(granted.filter((one) => ['*', 'secrets', 'pods/exec', 'serviceaccounts/token'].includes(one))).toEqual([]);
  });
});

interface Printed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly subjects?: readonly unknown[];
}

/** A service in shop, and one in vault whose Secrets are copied. */
async function twoNamespaces(): Promise<{ env: { TIDEGATE_CONFIG: string }; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-rbac-'));
  await writeMesh({ dir, clusters: [{ name: 'aws', access: { kind: 'kubeconfig', path: 'kubeconfig' } }] });
  const service = (name: string, namespace: string, spec: object): Promise<void> =>
    writeFile(
      join(dir, `${name}.yaml`),
      JSON.stringify({
        ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Service', metadata: { name, namespace } },
        spec: { mesh: 'shop', ...spec },
      }),
    );
  await service('checkout', 'shop', {});
  await service('keys', 'vault', { config: 'copy' });
  return { env: { TIDEGATE_CONFIG: dir }, remove: () => rm(dir, { recursive: true }) };
}

async function printed(
  query: Partial<RbacQuery>,
  env: Record<string, string> = {},
): Promise<{ text: string; objects: Printed[] }> {
  const io = textIo(env);
  await rbacCommand({ namespaces: ['shop'], services: [], foreignRoutes: true, hub: false, ...query }, io);
  return { text: io.out, objects: parseAllDocuments(io.out).map((one) => one.toJS() as Printed) };
}

describe('tidegate rbac', () => {
  it('gives rights on the whole cluster only for lists of routes', async () => {
    const { objects } = await printed({});
    const whole = objects.filter(({ kind }) => kind === 'ClusterRole').flatMap(({ rules = [] }) => rules);
    expect(whole.flatMap(({ resources }) => resources).toSorted()).toEqual([
      ...['ciliumclusterwideenvoyconfigs', 'ciliumenvoyconfigs', 'grpcroutes', 'httproutes'],
    ]);
    const least = (await printed({ foreignRoutes: false })).objects.filter(({ kind }) => kind === 'ClusterRole');
    expect(least.flatMap(({ rules = [] }) => rules).flatMap(({ resources }) => resources)).toEqual([
      'ciliumclusterwideenvoyconfigs',
    ]);
  });

  it('gives rights on Secrets only to who asks for them', async () => {
    expect((await printed({})).text).not.toContain('secrets');
    expect((await printed({ config: 'copy' })).text).toContain('secrets');
  });

  const secretsIn = (objects: readonly Printed[]): (string | undefined)[] =>
    objects
      .filter(({ rules = [] }) => rules.some(({ resources }) => resources.includes('secrets')))
      .map(({ metadata }) => metadata.namespace);

  it('gives rights on Secrets, and on Jobs, only in the namespaces of services that use them', async () => {
    const config = await twoNamespaces();
    const { objects } = await printed({ namespaces: [] }, config.env);
    expect(secretsIn(objects)).toEqual(['vault']);
    const roles = new Map(objects.filter(({ kind }) => kind === 'Role').map((one) => [one.metadata.namespace, one]));
    expect([...roles.keys()]).toEqual(['shop', 'vault', 'kube-system']);
    expect(JSON.stringify(roles.get('shop'))).not.toContain('"jobs"');
    await config.remove();
  });

  it('prints every right that doctor asks for with the same config, and no other: its remedy ends', async () => {
    const config = await twoNamespaces();
    const { objects } = await printed({ namespaces: [] }, config.env);
    const { services } = await createConfigLoader({ directory: config.env.TIDEGATE_CONFIG }).loadServices({});
    const asked = askedGrants(services.map(({ service }) => service)).map(
      ({ namespace, group, resource, verb, name }) => [namespace, group, resource, verb, name].join(' '),
    );
    const given = objects.flatMap(({ metadata: { namespace = '' }, rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [''] }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            verbs.flatMap((verb) => resourceNames.map((name) => [namespace, group, resource, verb, name].join(' '))),
          ),
        ),
      ),
    );
    expect(given.toSorted()).toEqual(asked.toSorted());
    await config.remove();
  });

  it('binds a service account by its namespace, and an access entry of EKS by its group', async () => {
    const account = await printed({ subject: 'serviceaccount:tidegate/worker' });
    const subjects = account.objects.flatMap((one) => one.subjects ?? []);
    expect(new Set(subjects.map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify({ kind: 'ServiceAccount', name: 'worker', namespace: 'tidegate' })]),
    );
    const eks = await printed({ cloud: 'eks' });
    expect(eks.text).toContain('--kubernetes-groups tidegate');
    expect(eks.objects.at(-1)?.subjects).toEqual([
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'tidegate' },
    ]);
  });

  it.each([
    [{ cloud: 'gke' as const }, /GKE knows callers by e-mail/],
    [{ cloud: 'aks' as const }, /AKS knows callers by object id/],
    [{ subject: 'tidegate' }, /subject tidegate is not understood/],
    [{ namespaces: [] }, /no namespace/],
    [{ services: ['checkout'] }, /no config that has services/],
  ])('refuses %j, and says what to write', async (query, message) => {
    await expect(printed(query)).rejects.toThrow(message);
  });
});
