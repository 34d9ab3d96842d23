/** Every way to a cluster, as it is written and as a worker goes by it. */
import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ClusterAccess } from '../../../core/kube/cluster-access.ts';
import { describeAccess } from '../../../core/kube/cluster-access.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { createConfigLoader, type ConfigLoader } from '../../../platform/config/load.ts';

async function withCluster<T>(written: object, look: (loader: ConfigLoader, dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-access-'));
  const cluster = { name: 'one', cilium: { id: 1 }, locality: { cloud: 'c', region: 'r' }, ...written };
  const mesh = {
    apiVersion: 'tidegate.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'shop' },
    spec: { clusters: [cluster] },
  };
  await writeFile(join(dir, 'mesh.yaml'), stringify(mesh));
  try {
    return await look(createConfigLoader({ directory: dir }), dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

const loaded = (written: object) =>
  withCluster(written, async (loader, dir) => {
    const access = (await loader.loadMesh()).clusters[0]?.ref.access as ClusterAccess;
    return JSON.parse(JSON.stringify(access).replaceAll(`${dir}/`, 'DIR/')) as ClusterAccess;
  });

const problems = (written: object) =>
  withCluster(written, async (loader) =>
    (await loader.validate([])).map(formatProblem).map((line) => line.replace(/^[^ ]*: /, '')),
  );

const roleArn = 'arn:aws:iam::111122223333:role/tidegate';
const subscription = '00000000-0000-0000-0000-000000000000';

describe('the access to a cluster', () => {
  it.each<[string, object, ClusterAccess, string]>([
    [
      'kubeconfig',
      { path: 'k.yaml', context: 'c' },
      { kind: 'kubeconfig', path: 'DIR/k.yaml', context: 'c' },
      'context c of DIR/k.yaml',
    ],
    [
      'eks',
      { cluster: 'shop', region: 'us-gov-west-1', roleArn, externalId: 'x' },
      { kind: 'eks', cluster: 'shop', region: 'us-gov-west-1', roleArn, externalId: 'x' },
      `EKS cluster shop in us-gov-west-1 as ${roleArn}`,
    ],
    [
      'gke',
      { project: 'p', location: 'l', cluster: 'c' },
      { kind: 'gke', project: 'p', location: 'l', cluster: 'c', endpoint: 'dns' },
      'GKE cluster c in p/l',
    ],
    [
      'gke',
      { projectNumber: '123456', location: 'global', membership: 'm' },
      { kind: 'gke', projectNumber: '123456', location: 'global', membership: 'm' },
      'membership m of fleet 123456 (global)',
    ],
    [
      'aks',
      { subscription, resourceGroup: 'g', cluster: 'c' },
      { kind: 'aks', subscription, resourceGroup: 'g', cluster: 'c', cloud: 'public' },
      'AKS cluster c in resource group g',
    ],
    ['inCluster', {}, { kind: 'inCluster' }, "the service account of the worker's own pod"],
    [
      'clusterProfile',
      { hub: { kubeconfig: { path: '~/hub.yaml' } }, namespace: 'fleet', name: 'n', kubeconfig: { path: 'f.yaml' } },
      {
        kind: 'clusterProfile',
        hub: { kind: 'kubeconfig', path: join(homedir(), 'hub.yaml') },
        namespace: 'fleet',
        name: 'n',
        kubeconfigPath: 'DIR/f.yaml',
      },
      `ClusterProfile fleet/n in the hub: context (current) of ${join(homedir(), 'hub.yaml')}`,
    ],
  ])('by %s is read as %j, with its defaults and absolute paths', async (way, written, expected, said) => {
    const access = await loaded({ access: { [way]: written } });
    expect(access).toEqual(expected);
    expect(describeAccess(access)).toBe(said);
  });

  it('stays valid in its first form, which means the same', async () => {
    expect(await loaded({ kubeconfig: { path: 'k.yaml' } })).toEqual(
      await loaded({ access: { kubeconfig: { path: 'k.yaml' } } }),
    );
  });

  it.each<[string, object, string]>([
    ['none', {}, 'does not say how the cluster is reached'],
    ['an empty one', { access: {} }, 'does not say how the cluster is reached'],
    ['two forms', { access: { inCluster: {} }, kubeconfig: { path: 'k' } }, 'names two ways: access and kubeconfig'],
    ['two ways', { access: { inCluster: {}, kubeconfig: { path: 'k' } } }, 'names several ways: kubeconfig, inCluster'],
    ['half a cluster of GKE', { access: { gke: { project: 'p', location: 'l' } } }, 'does not say which cluster'],
    [
      'two clusters of GKE',
      { access: { gke: { project: 'p', cluster: 'c', location: 'l', membership: 'm', projectNumber: '123456' } } },
      'names a cluster and a membership',
    ],
    [
      'an external id without a role',
      { access: { eks: { cluster: 'c', region: 'us-east-1', externalId: 'x' } } },
      'no role is named',
    ],
    ['a token', { access: { eks: { cluster: 'c', region: 'us-east-1', token: 'x' } } }, 'unknown key token'],
    ['a name that leads elsewhere', { access: { gke: { project: '../x', cluster: 'c', location: 'l' } } }, 'project'],
    [
      'a hub behind a hub',
      { access: { clusterProfile: { hub: { clusterProfile: {} }, namespace: 'n', name: 'n' } } },
      'unknown key clusterProfile',
    ],
  ])('that is %s is refused with the place', async (_, written, why) => {
    const found = await problems(written);
    expect(found.join('\n')).toContain(why);
    expect(found.join('\n')).toContain('spec.clusters[0]');
  });
});
