/** A hub for tests: the kinds that `tidegate crds` prints, on a real API server, and objects as people apply them. */
import { expect } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { crdsCommand } from '../../../cli/clusters/crds.ts';
import type { KubeClient, KubeObject } from '../../../infra/lab/api/kube-client.ts';
import { assertEventually } from '../../support/eventually.ts';
import { limits } from '../../support/limits.ts';
import { textIo } from '../../support/text-io.ts';

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message: string }[] };
}

export const documents = (text: string): KubeObject[] => parseAllDocuments(text).map((one) => one.toJS() as KubeObject);

export const example = async (file: string): Promise<KubeObject[]> =>
  documents(await readFile(new URL(`../../../docs/examples/${file}`, import.meta.url), 'utf8'));

/** Resolves once the kinds are served. */
export async function installKinds(admin: KubeClient): Promise<readonly KubeObject[]> {
  const io = textIo();
  crdsCommand(io);
  const definitions = documents(io.out);
  await admin.apply('/api/v1/namespaces/shop', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await Promise.all(definitions.map((one) => admin.create(`${definitionsPath}?fieldValidation=Strict`, one)));
  await assertEventually(async () => {
    for (const { metadata } of definitions) {
      const { status } = await admin.get<Definition>(`${definitionsPath}/${metadata.name}`);
      const established = status?.conditions?.find(({ type }) => type === 'Established');
      expect(established?.status).toBe('True');
    }
  }, limits.workerReady);
  return definitions;
}

export function pathOf({ kind, metadata: { namespace, name } }: KubeObject, named = true): string {
  const plural = kind === 'Mesh' ? 'meshes' : `${kind.toLowerCase()}s`;
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `/apis/tidegate.dev/v1alpha1${scope}/${plural}${named ? `/${name}` : ''}`;
}

/** As kubectl does: unknown fields are refused; nothing is stored. */
export const tryCreate = (admin: KubeClient, one: KubeObject): Promise<KubeObject> =>
  admin.create(`${pathOf(one, false)}?fieldValidation=Strict&dryRun=All`, one);
