import { stringify } from 'yaml';
import type { LabState } from './lab-state.ts';

/** Tidegate's config of a lab, by file name: the mesh as it runs, and its services with rollouts of lab length. */
export function labConfig(lab: Pick<LabState, 'mesh' | 'clusters' | 'env'>): Record<string, string> {
  const documents: Record<string, string> = { 'mesh.yaml': stringify(meshDocument(lab)) };
  for (const { name, namespace } of lab.mesh.services) {
    documents[`${name}.yaml`] = stringify({
      apiVersion: 'tidegate.dev/v1alpha1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { mesh: lab.mesh.name, port: 'http' },
    });
  }
  return documents;
}

function meshDocument(lab: Pick<LabState, 'mesh' | 'clusters' | 'env'>): unknown {
  return {
    apiVersion: 'tidegate.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: lab.mesh.name },
    spec: {
      clusters: lab.mesh.clusters.map(({ name, id, cloud, region, zones, labels }) => ({
        name,
        cilium: { id },
        locality: { cloud, region, zones },
        labels,
        kubeconfig: { path: lab.clusters.find((cluster) => cluster.name === name)?.kubeconfig ?? '', context: name },
      })),
      ...(lab.env.PROMETHEUS_URL === '' ? {} : { metrics: { prometheus: { url: lab.env.PROMETHEUS_URL } } }),
    },
  };
}
