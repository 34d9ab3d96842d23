/** Which serving clusters a wave stands for. Pure set work on the mesh's order; the same for checks and for results. */
import { digestOf } from '../values/canonical.ts';
import { parseDuration } from '../values/duration.ts';
import { byName, type Shares, WHOLE } from '../values/share.ts';
import { defaultSteps, waveDefaults } from './defaults.ts';
import type { SelectableCluster } from './mesh-schema.ts';
import { suggestName } from './nearest.ts';
import type { ConfigPath } from './problem.ts';
import type { ClusterSelector } from './service-schema.ts';
import type { WaveConfig } from './types.ts';
import { percentOf } from './values.ts';

/** A mistake at a path below `spec` of a Service. */
export interface SpecFault {
  readonly path: ConfigPath;
  readonly reason: string;
  readonly hint: string;
}

export type WrittenTopology = Readonly<Record<string, Shares>> | undefined;

/** Every mesh cluster as a client; one that is not named answers its own calls. Null: none is named. */
export const resolveTopology = (
  names: readonly string[],
  written: WrittenTopology,
): Readonly<Record<string, Shares>> | null =>
  written === undefined
    ? null
    : Object.fromEntries(
        names.map((name) => [name, (Object.hasOwn(written, name) ? written[name] : undefined) ?? { [name]: WHOLE }]),
      );

/** Clusters that some client's calls are answered by, in the mesh's order. */
export const servingClusters = (names: readonly string[], written: WrittenTopology): string[] => {
  const topology = resolveTopology(names, written);
  if (topology === null) return [...names];
  return names.filter((name) => Object.values(topology).some((shares) => (shares[name] ?? 0) > 0));
};

export const topologyFaults = (mesh: string, names: readonly string[], written: WrittenTopology): SpecFault[] =>
  Object.entries(written ?? {}).flatMap(([client, shares]) =>
    [client, ...Object.keys(shares)].flatMap((name, index) =>
      names.includes(name)
        ? []
        : [{ path: ['topology', client, ...(index === 0 ? [] : [name])], ...unknownCluster(mesh, name, names) }],
    ),
  );

export const failoverFaults = (mesh: string, names: readonly string[], written: readonly string[] = []): SpecFault[] =>
  written.flatMap((name, index) =>
    names.includes(name) ? [] : [{ path: ['failover', index], ...unknownCluster(mesh, name, names) }],
  );

/** Clusters per wave. `serving` must all be in a wave; what nobody routes to may be left out. */
export const selectWaves = (
  mesh: { readonly name: string; readonly clusters: readonly SelectableCluster[] },
  selectors: readonly ClusterSelector[],
  serving: readonly string[],
): { selected: string[][]; faults: SpecFault[] } => {
  const names = mesh.clusters.map(({ name }) => name);
  const faults: SpecFault[] = [];
  const fault = (path: ConfigPath, reason: string, hint: string): void => {
    faults.push({ path: ['rollout', 'waves', ...path], reason, hint });
  };
  const selected = selectors.map((selector, index): string[] => {
    if (selector === 'rest' || selector.count !== undefined) return [];
    if (selector.names === undefined) return matching(mesh.clusters, selector.match ?? {});
    selector.names.forEach((name, position) => {
      const unknown = unknownCluster(mesh.name, name, names);
      if (!names.includes(name)) fault([index, 'clusters', 'names', position], unknown.reason, unknown.hint);
    });
    return names.filter((name) => selector.names?.includes(name));
  });
  // Names and matches first, wherever they stand: a count takes of what they leave.
  selectors.forEach((selector, index) => {
    if (selector === 'rest' || selector.count === undefined) return;
    const free = serving.filter((name) => !selected.flat().includes(name));
    const taken = inOrder(free, selector).slice(0, countOf(selector.count, serving.length));
    selected[index] = names.filter((name) => taken.includes(name));
  });
  const rest = names.filter((name) => !selected.flat().includes(name));
  const restWave = selectors.indexOf('rest');
  if (restWave >= 0) selected[restWave] = rest;

  selectors.forEach((selector, index) => {
    const clusters = selected[index] ?? [];
    const twice = clusters.filter((name) => selected.slice(0, index).flat().includes(name));
    if (twice.length > 0)
      fault(
        [index, 'clusters'],
        `already in an earlier wave: ${twice.join(', ')}`,
        'a cluster is in one wave; for all others write clusters: rest',
      );
    if (clusters.length > 0) return;
    if (selector === 'rest' && index !== restWave)
      fault([index, 'clusters'], 'there is already a wave of the rest', 'keep one');
    else if (selector === 'rest') fault([index, 'clusters'], 'no cluster is left for this wave', 'remove the wave');
    else if (selector.count !== undefined) {
      // None serves where the topology itself is wrong: that is told already.
      if (serving.length > 0)
        fault([index, 'clusters', 'count'], 'no serving cluster is left to be counted', 'remove the wave');
    } else if (selector.match !== undefined)
      fault([index, 'clusters', 'match'], `no cluster of mesh ${mesh.name} matches`, localityHint(mesh.clusters));
  });

  const missing = serving.filter((name) => !selected.flat().includes(name));
  if (missing.length > 0)
    fault(
      [],
      `clusters in no wave: ${missing.join(', ')}`,
      'add them to a wave, or add a last wave with clusters: rest',
    );
  return { selected, faults };
};

/** The shares of one wave, in ppm: rising, and up to everybody, or the old version would never be replaced. */
export const stepFaults = (wave: number, shares: readonly number[]): SpecFault[] =>
  shares.flatMap((share, index) => {
    const path = ['rollout', 'waves', wave, 'steps', index, 'share'];
    const before = shares[index - 1];
    const faults: SpecFault[] = [];
    if (before !== undefined && share <= before) {
      const reason = `${percentOf(share)} does not rise above the step before (${percentOf(before)})`;
      faults.push({ path, reason, hint: 'the shares of a wave rise from step to step' });
    }
    if (index === shares.length - 1 && share !== WHOLE) {
      const reason = `the last step of the wave stops at ${percentOf(share)}`;
      faults.push({ path, reason, hint: 'end every wave with share: 100' });
    }
    return faults;
  });

/** Waves when a service names none: one serving cluster alone, then all others. */
export const defaultWaves = (names: readonly string[], serving: readonly string[]): WaveConfig[] => {
  const first = serving.slice(0, 1);
  const steps = defaultSteps.map(({ share, bake }) => ({
    share: (share * WHOLE) / 100,
    bakeMs: parseDuration(bake) ?? 0,
    approve: false,
  }));
  const waves = [
    { name: 'first', clusters: first, steps },
    { name: 'rest', clusters: names.filter((name) => !first.includes(name)), steps },
  ];
  return waves.filter(({ clusters }) => clusters.length > 0);
};

/** Of `of` clusters: a number as it is, a percentage rounded up. */
export const countOf = (written: number | string, of: number): number =>
  typeof written === 'number' ? written : Math.ceil((of * Number(written.slice(0, -1))) / 100);

/** Each cluster has a place of its own, which no other cluster moves. */
const inOrder = (names: readonly string[], { order, seed = waveDefaults.seed }: Counting): readonly string[] => {
  if ((order ?? waveDefaults.order) === 'listed') return names;
  const place = (name: string): string => digestOf([seed, name]);
  return [...names].sort((a, b) => byName(place(a), place(b)));
};

type Counting = Exclude<ClusterSelector, 'rest'>;

const matching = (
  clusters: readonly SelectableCluster[],
  match: NonNullable<Exclude<ClusterSelector, 'rest'>['match']>,
): string[] =>
  clusters
    .filter(
      ({ locality, labels }) =>
        (match.cloud === undefined || match.cloud === locality.cloud) &&
        (match.region === undefined || match.region === locality.region) &&
        Object.entries(match.labels ?? {}).every(([key, value]) => labels[key] === value),
    )
    .map(({ name }) => name);

const unknownCluster = (mesh: string, name: string, known: readonly string[]): Omit<SpecFault, 'path'> => ({
  reason: `mesh ${mesh} has no cluster ${name}`,
  hint: suggestName(name, known),
});

const localityHint = (clusters: readonly SelectableCluster[]): string =>
  `there are ${[...new Set(clusters.map(({ locality }) => `${locality.cloud}/${locality.region}`))].join(', ')}`;
