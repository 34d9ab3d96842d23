/** What people and GitOps tools do to records by hand, and the topology's own writer. */
import { inNormalForm } from '../../../../core/routing/normal-form.ts';
import type { RoutingRecord } from '../../../../core/routing/record.ts';
import { mainVersion, sameTraffic } from '../../../../core/routing/weights.ts';
import { WHOLE, type Shares } from '../../../../core/values/share.ts';
import { isGhost, members, unreadable, type Cluster, type Mesh } from './mesh.ts';
import type { World } from './run.ts';

/** The record as a hand edit of its annotation leaves it. */
function edit(one: Cluster | undefined, edited: (record: RoutingRecord) => RoutingRecord): void {
  if (one?.route == null || !one.up) return;
  one.route = { ...one.route, record: edited(one.route.record) };
}

const topologies: readonly Record<string, Shares>[] = [
  {},
  { a: { a: 700_000, b: 300_000 }, b: { b: WHOLE }, c: { c: WHOLE } },
  { a: { a: WHOLE }, b: { a: 500_000, b: 500_000 }, c: { a: WHOLE } },
  { a: { b: WHOLE }, b: { b: WHOLE }, c: { b: WHOLE } },
];

/** c only calls, and goes where a's calls go: nobody sends calls to what nobody has called yet. */
export function withCaller(calls: Mesh['calls']): Mesh['calls'] {
  const all = { a: { a: WHOLE }, b: { b: WHOLE }, ...calls };
  return { ...all, c: all.a };
}

/** The topology's own writer: a new serving cluster brings its proven entry from a client that has it. */
export function moveTopology(world: World, arg: number): void {
  const { mesh } = world;
  const all = members(mesh);
  const settled = all.every(
    ({ up, route }) => up && (route === null || (route.text === '' && isSettled(route.record))),
  );
  if (world.run !== null || !settled) return;
  mesh.calls = topologies[arg % topologies.length] ?? {};
  const c = mesh.clusters[2];
  if (c?.deployments.length === 0) mesh.calls = withCaller(mesh.calls);
  for (const one of all)
    edit(one, (record) => withTopology(record, mesh, mesh.calls[one.name] ?? { [one.name]: WHOLE }));
}

const isSettled = ({ versions }: RoutingRecord): boolean => sameTraffic(versions.current, versions.proven);

function withTopology(record: RoutingRecord, mesh: Mesh, shares: Shares): RoutingRecord {
  const { topology, versions } = record;
  if (versions.proven === null) return record;
  const missing = Object.keys(shares).filter((name) => versions.proven?.[name] === undefined);
  const entries = missing.flatMap((name): [string, Shares][] => {
    const found = members(mesh).map(({ route }) => route?.record.versions.proven?.[name]);
    const first = found.find((one) => one !== undefined);
    return first === undefined ? [] : [[name, first]];
  });
  if (entries.length < missing.length) return record;
  const added = Object.fromEntries(entries);
  return inNormalForm({
    ...record,
    topology: { ...topology, proven: shares, current: shares, epoch: topology.epoch + 1 },
    versions: {
      ...versions,
      proven: { ...versions.proven, ...added },
      current: versions.current === null ? null : { ...versions.current, ...added },
    },
  });
}

export const edits: readonly ((one: Cluster) => void)[] = [
  (one) => {
    one.byHand = true;
    edit(one, (record) => ({ ...record, versions: { ...record.versions, current: half(record, one) } }));
  },
  (one) => {
    if (one.route !== null) one.route = { ...one.route, text: unreadable };
  },
  (one) => {
    // Normal form forgets what the own calls do not go to.
    if (isGhost(one) || !one.up || (one.route?.record.topology.current?.[one.name] ?? 0) === 0) return;
    one.edited = one.route?.record.versions.proven ?? null;
    edit(one, (record) => ({ ...record, versions: { ...record.versions, proven: ghost(record) } }));
  },
];

/** Half of a cluster's own calls to another version that runs there. */
function half({ cluster, versions }: RoutingRecord, { deployments }: Cluster): RoutingRecord['versions']['current'] {
  const main = mainVersion(versions.proven?.[cluster]);
  const other = deployments.find(({ managed, version }) => managed && version !== main)?.version;
  if (main === '' || other === undefined || versions.current === null) return versions.current;
  return { ...versions.current, [cluster]: { [main]: 500_000, [other]: 500_000 } };
}

const ghost = ({ cluster, versions }: RoutingRecord): RoutingRecord['versions']['proven'] =>
  versions.proven === null ? null : { ...versions.proven, [cluster]: { ghost: WHOLE } };
