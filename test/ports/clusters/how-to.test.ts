/** docs/how-to/keep-config-in-a-cluster.md, followed step by step: its own commands, on a real API server. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { run } from '../../../cli/program.ts';
import type { KubeObject } from '../../../infra/lab/api/kube-client.ts';
import { bindingPath } from '../../../infra/lab/api/rbac.ts';
import type { TestCluster } from '../../support/api-server.ts';
import { assertEventually } from '../../support/eventually.ts';
import { textIo } from '../../support/text-io.ts';
import { useApiServers, START_MS } from '../kube/use-api-servers.ts';
import { pathOf } from './hub-kinds.ts';

const { servers } = useApiServers('hub');
const page = new URL('../../../docs/how-to/keep-config-in-a-cluster.md', import.meta.url);

const mesh = {
  ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'shop' } },
  spec: {
    clusters: [{ name: 'aws', cilium: { id: 1 }, locality: { cloud: 'aws', region: 'r' }, access: { inCluster: {} } }],
  },
};
const service = {
  ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Service', metadata: { name: 'checkout', namespace: 'shop' } },
  spec: { mesh: 'shop' },
};

let hub: TestCluster;
let dir: string;
const env: Record<string, string> = {};

beforeAll(async () => {
  hub = servers().clusters['hub'] as TestCluster;
  dir = await mkdtemp(join(tmpdir(), 'tidegate-how-to-'));
  await writeFile(join(dir, 'hub.yaml'), await readFile((hub.ref.access as { path: string }).path, 'utf8'));
  await writeFile(join(dir, 'mesh.yaml'), JSON.stringify(mesh));
  await writeFile(join(dir, 'service.yaml'), JSON.stringify(service));
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
  await hub.admin.apply('/api/v1/namespaces/shop', namespace);
}, START_MS);

/** The commands of the page, in their order. */
async function commands(): Promise<string[]> {
  const blocks = [...(await readFile(page, 'utf8')).matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.trim().split('\n'));
}

const roots: Readonly<Record<string, string>> = {
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
};

const place = (one: KubeObject): string => {
  const root = roots[one.kind];
  return root === undefined ? pathOf(one) : `${root}/${one.metadata.name}`;
};

/** As kubectl does it, as far as the page needs kubectl. */
async function kubectl(words: string, stdin: string): Promise<string> {
  const [, file] = /^apply --server-side -f (\S+)$/.exec(words) ?? [];
  if (file !== undefined) {
    const text = file === '-' ? stdin : await readFile(join(dir, file), 'utf8');
    const objects = parseAllDocuments(text).map((one) => one.toJS() as KubeObject);
    expect(objects.length).toBeGreaterThan(0);
    // A kind is served a moment after its definition is there.
    await assertEventually(async () => {
      await Promise.all(objects.map((one) => hub.admin.apply(place(one), one)));
    });
    return '';
  }
  const [, namespace, name] = /^get services\.tidegate\.dev -n (\S+) (\S+)$/.exec(words) ?? [];
  if (namespace === undefined || name === undefined) throw new Error(`this test knows no kubectl ${words}`);
  return JSON.stringify(await hub.admin.get(pathOf({ ...service, metadata: { name, namespace } })));
}

async function execute(line: string): Promise<string> {
  const [, variable, value] = /^export (\w+)='?([^']*)'?$/.exec(line) ?? [];
  if (variable !== undefined && value !== undefined) {
    // A path starts at the folder of whoever follows the page.
    env[variable] = value.replace('path=', `path=${dir}/`);
    return '';
  }
  let text = '';
  for (const step of line.split(' | ')) {
    const [tool, ...words] = step.trim().split(/\s+/);
    if (tool === 'kubectl') text = await kubectl(words.join(' '), text);
    else {
      expect(tool).toBe('tidegate');
      const io = textIo(env);
      expect([await run(words, io), io.out.includes('problem') ? io.out : '']).toEqual([0, '']);
      text = io.out;
    }
  }
  return text;
}

describe('how to keep config in a cluster', () => {
  it('works as it is written, with the rights of its own step 1 alone', async () => {
    await hub.admin.remove(bindingPath('kube-system', 'tidegate-cilium'));
    await hub.admin.remove('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/tidegate-cluster');
    const all = await commands();
    expect(all.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['tidegate crds', 'tidegate rbac', "export TIDEGATE_CONFIG='hub:kubeconfig?path=hub.yaml&context=hub'"],
      ...['kubectl apply', 'kubectl apply', 'tidegate validate', 'kubectl get'],
    ]);
    let last = '';
    for (const line of all) {
      // The API server takes a moment to believe a role.
      if (line === 'tidegate validate') await assertEventually(async () => void (await execute(line)));
      else last = await execute(line);
    }
    expect(last).toContain('"mesh":"shop"');
    const io = textIo(env);
    expect(await run(['clusters', 'list', '-o', 'json'], io)).toBe(0);
    expect(io.out).toContain('"aws"');
    await rm(dir, { recursive: true });
  }, 120_000);
});
