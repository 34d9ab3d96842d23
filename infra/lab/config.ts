import { stringify } from 'yaml';
import type { LabState } from './lab-state.ts';
import { approvals, doorDocuments } from './door-config.ts';
import type { LabDoor } from './front-door.ts';
import { documentedPort, type LabService } from './mesh.ts';

/** Equal parts written out, for readers. */
const plainYaml = { aliasDuplicateObjects: false };

type ConfiguredLab = Pick<LabState, 'mesh' | 'clusters' | 'env'>;

/** Tidegate's config of a lab, by file name: the mesh as it runs, and its services with rollouts of lab length. */
export function labConfig(lab: ConfiguredLab, door: LabDoor | undefined): Record<string, string> {
  const documents: Record<string, string> = { 'mesh.yaml': stringify(meshDocument(lab, door), plainYaml) };
  for (const service of lab.mesh.services)
    documents[`${service.name}.yaml`] = stringify(serviceDocument(lab, service), plainYaml);
  if (door !== undefined)
    for (const [file, document] of Object.entries(doorDocuments(lab, door)))
      documents[file] = stringify(document, plainYaml);
  return documents;
}

function meshDocument(lab: ConfiguredLab, door: LabDoor | undefined): unknown {
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
      ...(door === undefined ? {} : { approvals: approvals(door) }),
    },
  };
}

/** Seconds instead of minutes: the lab's metrics are a second old and its traffic is steady. */
const steps = [
  { share: 5, bake: '10s' },
  { share: 50, bake: '10s' },
  { share: 100, bake: '10s' },
];

function serviceDocument(lab: ConfiguredLab, service: LabService): unknown {
  const { name, namespace, global } = service;
  const [first, ...others] = lab.mesh.clusters;
  const waves = [
    { name: 'canary', clusters: { names: [first?.name ?? ''] }, steps },
    ...(others.length > 0 ? [{ name: 'rest', clusters: 'rest', steps }] : []),
  ];
  return {
    apiVersion: 'tidegate.dev/v1alpha1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      mesh: lab.mesh.name,
      ...documentedPort(service),
      ...(global ? { topology: evenTopology(lab.mesh.clusters.map((cluster) => cluster.name)) } : {}),
      adopt: { bake: '10s' },
      // The lab's pods have no caches that are cold at first.
      rollout: { waves, warmUp: '0s', progressDeadline: '1m', warm: '10m', maxUnknown: '2m', drain: '5s' },
    },
  };
}

/** What a global Service without affinity does: every cluster answers everybody. Rounding goes to the client's own. */
function evenTopology(clusters: readonly string[]): Record<string, Record<string, number>> {
  const share = Math.floor(10_000 / clusters.length) / 100;
  const own = Number((100 - share * (clusters.length - 1)).toFixed(2));
  return Object.fromEntries(
    clusters.map((client) => [
      client,
      Object.fromEntries(clusters.map((serving) => [serving, serving === client ? own : share])),
    ]),
  );
}
