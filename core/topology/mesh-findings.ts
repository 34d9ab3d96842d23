/** What is wrong with a cluster mesh by the settings of its members, side by side. Pure. */

/** One cluster, as far as it could be read. */
export interface MeshMember {
  readonly cluster: string;
  /** The data of cilium-config; null: it could not be read, and nothing is said of it. */
  readonly config: Readonly<Record<string, string>> | null;
  /** Of Cilium, as `1.18.2`; '' = not known. */
  readonly version: string;
  /** Is there a clustermesh-apiserver? null: not known. */
  readonly isServed: boolean | null;
  /** What could not be read, and why. Absent: all of it could. */
  readonly unread?: readonly string[];
}

interface MeshFinding {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly fix: string;
}

const error = (text: string, fix: string): MeshFinding => ({ severity: 'error', text, fix });
const warning = (text: string, fix: string): MeshFinding => ({ severity: 'warning', text, fix });

type Read = MeshMember & { readonly config: Readonly<Record<string, string>> };

/** Cilium supports neighbouring minors in one mesh, while one is upgraded. */
const MINORS_APART = 1;

export function meshFindings(members: readonly MeshMember[]): MeshFinding[] {
  const read = members.flatMap((one) => (one.config === null ? [] : [{ ...one, config: one.config }]));
  return [
    ...members.flatMap(unreadFindings),
    ...twins(read, 'cluster-id', 'identities and pods of one are taken for the other'),
    ...twins(read, 'cluster-name', "one hides the other's services"),
    ...read.flatMap(ownFindings),
    ...differing(read, 'max-connected-clusters', '255'),
    ...differing(read, 'routing-mode', 'tunnel'),
    ...differing(read, 'tunnel-protocol', 'vxlan'),
    ...skew(members),
    ...members
      .filter(({ isServed }) => isServed === false)
      .map(({ cluster }) =>
        warning(
          `${cluster}: there is no clustermesh-apiserver, so no other cluster learns of its services`,
          'install it: clustermesh.useAPIServer=true (needless where agents share an external kvstore)',
        ),
      ),
  ];
}

/** Of the Mesh document itself: what it asks for can never happen. */
export const failoverFindings = (mesh: { readonly failover?: string; readonly metrics: unknown }): MeshFinding[] =>
  mesh.failover === 'auto' && mesh.metrics === null
    ? [
        warning(
          'failover is auto, and the mesh has no metrics: a silent API server is one source, calls would be the other, so nothing is ever moved without a person',
          'set spec.metrics, or failover: ask',
        ),
      ]
    : [];

/** A right that is missing and a server that is away are told apart by the reason alone. */
const unreadFindings = ({ cluster, config, unread }: MeshMember): MeshFinding[] =>
  (unread ?? (config === null ? ['cilium-config'] : [])).map((what) =>
    warning(
      `${cluster}: could not be read: ${what}`,
      'see why; where a right is missing: tidegate rbac prints those that its user needs',
    ),
  );

function twins(read: readonly Read[], key: 'cluster-id' | 'cluster-name', harm: string): MeshFinding[] {
  const values = [...new Set(read.map(({ config }) => config[key] ?? ''))].filter((value) => value !== '');
  return values.flatMap((value) => {
    const same = read.filter(({ config }) => config[key] === value).map(({ cluster }) => cluster);
    if (same.length < 2) return [];
    return [
      error(`${same.join(' and ')} have the same ${key} ${value}: ${harm}`, `give each its own ${key}; agents restart`),
    ];
  });
}

function ownFindings({ cluster, config }: Read): MeshFinding[] {
  const found: MeshFinding[] = [];
  const id = Number(config['cluster-id'] ?? '0');
  const most = Number(config['max-connected-clusters'] ?? '255');
  if (id === 0)
    found.push(
      error(`${cluster}: its cluster-id is not set`, 'set cluster.id and cluster.name of Cilium: a mesh needs both'),
    );
  if (id > most)
    found.push(
      error(
        `${cluster}: its cluster-id ${id} is above max-connected-clusters ${most}`,
        'take a lower id, or 511 in every cluster',
      ),
    );
  if (config['enable-ztunnel'] === 'true')
    found.push(
      error(
        `${cluster}: ztunnel is on, and it excludes cluster mesh`,
        'turn it off, or leave the mesh: encryption.type=wireguard works in one',
      ),
    );
  const mode = config['clustermesh-service-v2'] ?? '';
  if (mode !== '' && mode !== 'prefer-legacy')
    found.push(
      error(
        `${cluster}: clustermesh-service-v2 is ${mode}: Cilium 1.20 loses all remote backends with it`,
        'leave it out until every cluster has a release that exports EndpointSlices',
      ),
    );
  if (isNever(config['clustermesh-cache-ttl']))
    found.push(
      warning(
        `${cluster}: clustermesh-cache-ttl is not set: pods of a cluster that is lost stay backends here for ever, for callers past Envoy`,
        'set clustermesh.cacheTTL, longer than a restart of an API server takes, such as 10m',
      ),
    );
  return found;
}

const isNever = (ttl = ''): boolean => ttl === '' || /^0+(ns|us|ms|s|m|h)*0*s?$/.test(ttl);

function differing(read: readonly Read[], key: string, left: string): MeshFinding[] {
  const values = read.map(({ cluster, config }) => ({ cluster, value: config[key] ?? left }));
  if (new Set(values.map(({ value }) => value)).size < 2) return [];
  const text = values.map(({ cluster, value }) => `${cluster} ${value}`).join(', ');
  return [error(`${key} differs: ${text}`, 'it must be the same in every cluster of a mesh')];
}

function skew(members: readonly MeshMember[]): MeshFinding[] {
  const known = members.flatMap(({ cluster, version }) => {
    const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
    return major === undefined || minor === undefined
      ? []
      : [{ cluster, version, rank: Number(major) * 1_000 + Number(minor) }];
  });
  const ranks = known.map(({ rank }) => rank);
  if (known.length < 2 || Math.max(...ranks) - Math.min(...ranks) <= MINORS_APART) return [];
  const text = known.map(({ cluster, version }) => `${cluster} ${version}`).join(', ');
  return [
    warning(`versions of Cilium are more than one minor apart: ${text}`, 'upgrade the oldest, one minor at a time'),
  ];
}
