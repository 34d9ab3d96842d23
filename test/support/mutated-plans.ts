/** Mutated objects through facts and plan, and through a dry run of what was planned: the product's own code throughout. */
import { dryRunWrites } from '../../activities/apply/dry-run-writes.ts';
import { readRecords } from '../../activities/apply/read-records.ts';
import { standaloneActivity, systemClock, type KubeDeps } from '../../activities/ports.ts';
import type { LoadedConfig } from '../../core/config/types.ts';
import type { KubeObject } from '../../core/kube/objects.ts';
import { readyPods } from '../../core/kube/ready-pods.ts';
import type { Change } from '../../core/rollout/change.ts';
import { serviceRef } from '../../core/rollout/plan/frame.ts';
import { planRollout } from '../../core/rollout/plan/versions.ts';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { isRecord } from '../../core/values/json.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import { plannedWrites } from '../../workflows/rollout/planned-writes.ts';
import { createRandom } from '../bench/judge/random.ts';
import { mutated, type Mutated } from './mutated-world.ts';

export interface Base {
  readonly config: LoadedConfig;
  readonly objects: readonly KubeObject[];
  readonly change: Change;
  /** Asked for every write, as a dry run; answers as an API server. */
  readonly server: KubeCluster;
  /** The object as an API server would store it; null: it would not. */
  readonly stored: (object: KubeObject) => Promise<KubeObject | null>;
}

export interface Outcome {
  readonly world: Mutated;
  /** impossible: no API server has such an object. refused: with a reason, before the plan; planned: and every object would be taken; found: by the API server, in the dry run that is part of a plan. */
  readonly end: 'impossible' | 'refused' | 'planned' | 'found' | 'crashed';
  readonly why: string;
}

export async function planMutated(base: Base, seed: number): Promise<Outcome> {
  const made = mutated(base.objects, createRandom('objects', seed));
  const stored = await Promise.all(
    made.objects.map((one) => (made.changed.has(one) ? base.stored(one) : Promise.resolve(one))),
  );
  const objects = stored.filter((one) => one !== null);
  const world = { ...made, objects };
  const ended = (end: Outcome['end'], why = ''): Outcome => ({ world, end, why });
  if (objects.length < stored.length) return ended('impossible');
  try {
    const { config, change } = base;
    const deps = depsOf(base, world.objects);
    const clusters = config.mesh.clusters.map(({ ref }) => ref);
    readyPods(world.objects.filter(({ kind }) => kind === 'EndpointSlice'));
    const read = await readRecords(deps, { service: serviceRef(config), clusters });
    const plan = planRollout({ config, read, change });
    const answers = await Promise.all(plannedWrites(plan).map((writes) => dryRunWrites(deps, writes)));
    const found = answers.flatMap(({ refused, untried }) => [...refused, ...untried]);
    if (found.length === 0) return ended('planned');
    // Ours says what is wrong; the API server refuses.
    return ended(found.some((one) => one.includes(' refused: ')) ? 'found' : 'refused', found.join('\n'));
  } catch (error) {
    if (error instanceof TidegateError) return ended('refused', error.message);
    return ended('crashed', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

type Json = Record<string, unknown>;

/** JSON merge patch: https://www.rfc-editor.org/rfc/rfc7396 */
const merged = (own: unknown, change: unknown): unknown => {
  if (!isRecord(change)) return change;
  const from = isRecord(own) ? own : {};
  const kept = Object.entries(change).filter(([, value]) => value !== null);
  const gone = Object.keys(change).filter((key) => change[key] === null);
  const rest = Object.entries(from).filter(([key]) => !gone.includes(key));
  return {
    ...Object.fromEntries(rest),
    ...Object.fromEntries(kept.map(([key, value]) => [key, merged(from[key], value)])),
  };
};

/** Reads come from the mutated objects, writes go to the server. */
function depsOf({ server, stored }: Base, objects: readonly KubeObject[]): KubeDeps {
  const ofKind = (kind: string): readonly KubeObject[] => objects.filter((one) => one.kind === kind);
  const cluster = {
    ...server,
    list: async (type: { kind: string }, namespace: string | undefined) =>
      ofKind(type.kind).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    get: async (type: { kind: string }, { namespace, name }: { namespace?: string; name: string }) =>
      ofKind(type.kind).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ?? null,
    // A part of an object makes sense with the rest of it only, which the server does not have.
    patch: async (type: { kind: string }, { name }: { name: string }, change: Json) => {
      const own = ofKind(type.kind).find(({ metadata }) => metadata.name === name);
      if (own === undefined) return null;
      const after = await stored(merged(own, change) as KubeObject);
      if (after === null) refuse('Invalid', `${type.kind}/${name}: patch refused: ${JSON.stringify(change)}`, 'see it');
      return after;
    },
    ask: async () => null,
  } as unknown as KubeCluster;
  return {
    clusters: { connect: () => Promise.resolve(cluster) },
    clock: systemClock,
    activity: standaloneActivity(new AbortController().signal, Date.now()),
  };
}
