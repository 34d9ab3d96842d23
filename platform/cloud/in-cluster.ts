/** The cluster in which the worker itself runs: the service account of its pod, whose token Kubernetes writes anew. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refuse } from '../../core/values/error.ts';
import type { Access } from '../kube/access/api-access.ts';
import { fileStamps } from '../kube/access/file-stamps.ts';
import type { CloudPlaces } from './places.ts';

/** As Kubernetes names and mounts them. */
const POD = { server: 'https://kubernetes.default.svc', folder: '/var/run/secrets/kubernetes.io/serviceaccount' };

/** @param name of the cluster in its mesh, for messages */
export async function loadInCluster(name: string, { pod: { server, folder } = POD }: CloudPlaces): Promise<Access> {
  const [tokenFile, caFile] = [join(folder, 'token'), join(folder, 'ca.crt')];
  const stamps = await fileStamps([caFile]);
  const ca = await textOf(name, caFile);
  return {
    server: new URL(server),
    tls: { ca },
    isCurrent: async () => (await fileStamps([caFile]))[0] === stamps[0],
    headers: async () => ({ Authorization: `Bearer ${await textOf(name, tokenFile)}` }),
  };
}

async function textOf(name: string, path: string): Promise<string> {
  const text = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (text !== '') return text;
  return refuse(
    'Unavailable',
    `${name}: there is no service account here: its token or authority cannot be read`,
    'run the worker in a pod of that cluster with automountServiceAccountToken, or name another access',
  );
}
