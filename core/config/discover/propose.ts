/**
 * core/config/discover: clusters that a cloud or an inventory knows → a Mesh document to go on from.
 *
 *   FoundCluster[] ──proposeMesh──► YAML
 *
 * It is a proposal: which of them are joined by Cilium, and under which ids, only the clusters know.
 */
import { stringify } from 'yaml';
import { API_VERSION } from '../mesh-schema.ts';

export interface FoundCluster {
  /** As the cloud calls it. */
  readonly name: string;
  readonly cloud: string;
  readonly region: string;
  /** One of the ways of `access` with its fields. */
  readonly access: Readonly<Record<string, unknown>>;
}

/** Of a cluster's name in a mesh, as Cilium has it. */
const LONGEST_NAME = 32;

/** @param of what was asked, for the first line: `EKS in us-east-1` */
export function proposeMesh(found: readonly FoundCluster[], { mesh, of }: { mesh: string; of: string }): string {
  const names = new Set<string>();
  const clusters = found.map(({ name, cloud, region, access }, i) => ({
    name: ownName(name, names),
    cilium: { id: i + 1 },
    locality: { cloud, region },
    access,
  }));
  const document = { apiVersion: API_VERSION, kind: 'Mesh', metadata: { name: mesh }, spec: { clusters } };
  const head = [
    `# ${found.length} ${found.length === 1 ? 'cluster' : 'clusters'}: ${of}. Keep those that are joined by Cilium Cluster Mesh.`,
    '# cilium.id is counted up here: tidegate clusters check names the ids that cilium-config has (cluster-id).',
    '# Add metrics, or no version can be deployed.',
  ];
  return `${head.join('\n')}\n${stringify(document, { lineWidth: 0 })}`;
}

/** Lower case, digits and dashes, and none of the names that are taken. */
function ownName(name: string, taken: Set<string>): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, LONGEST_NAME)
    .replace(/-+$/, '');
  const first = plain === '' ? 'cluster' : plain;
  let own = first;
  for (let n = 2; taken.has(own); n += 1)
    own = `${first.slice(0, LONGEST_NAME - 1 - String(n).length).replace(/-+$/, '')}-${String(n)}`;
  taken.add(own);
  return own;
}
