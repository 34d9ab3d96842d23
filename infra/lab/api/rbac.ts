/** Tidegate's roles and bindings, from the files that users apply. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './kube-client.ts';

const documentsIn = async (file: string): Promise<KubeObject[]> => {
  const text = await readFile(new URL(`../../kubernetes/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
};

export const clusterRoles = (): Promise<KubeObject[]> => documentsIn('rbac.yaml');

export async function bindingsIn(namespace: string): Promise<KubeObject[]> {
  const bindings = await documentsIn('rbac-namespace.yaml');
  return bindings.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } }));
}
