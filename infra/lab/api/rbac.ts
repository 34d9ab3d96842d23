/** Tidegate's roles and bindings, from the files that users apply. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { untilReady } from '../processes/process.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';

const root = '/apis/rbac.authorization.k8s.io/v1';
const plurals: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
};

export const bindingPath = (namespace: string, name: string): string =>
  `${root}/namespaces/${namespace}/rolebindings/${name}`;

/** What holds in the whole cluster. */
export async function installRoles(client: KubeClient): Promise<void> {
  // The API server makes its own namespaces a moment after it is ready.
  await untilReady('namespace kube-system', async () => {
    await client.get('/api/v1/namespaces/kube-system');
    return true;
  });
  await applyRoles(client, await documentsIn('rbac.yaml'));
}

/** Lets Tidegate work in a namespace that is there. */
export async function bindRole(client: KubeClient, namespace: string): Promise<void> {
  const bindings = await documentsIn('rbac-namespace.yaml');
  await applyRoles(
    client,
    bindings.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } })),
  );
}

const documentsIn = async (file: string): Promise<KubeObject[]> => {
  const text = await readFile(new URL(`../../kubernetes/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
};

/** Roles and bindings, wherever they are from. */
export async function applyRoles(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  await Promise.all(
    objects.map((one) => {
      const { name, namespace } = one.metadata;
      const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
      return client.apply(`${root}${scope}/${plurals[one.kind] ?? ''}/${name}`, one);
    }),
  );
}
