/**
 * A tiny model of what activities write: per client cluster the share of the new version in each serving cluster, fenced
 * as the activities are. Restores and commits copy whole parts, as core/routing does.
 */
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import { WHOLE } from '../../../../core/values/share.ts';
import { clusters } from './plans.ts';

export type Fence = 'epoch' | 'turn';

export interface Write {
  readonly kind: 'forward' | 'restore' | 'commit' | 'release';
  readonly client: string;
  readonly epoch: number;
  /** seq of the command: which of a run's writes is the newer one. */
  readonly turn: number;
  /** Empty: all. */
  readonly serving: readonly string[];
  readonly share: number;
}

export interface Client {
  epoch: number;
  turn: number;
  /** Has a write of the way back been accepted? */
  back: boolean;
  released: boolean;
  readonly current: Map<string, number>;
  readonly proven: Map<string, number>;
}

export type Clients = ReadonlyMap<string, Client>;

/** A restore finds the traffic half moved; everything else starts from what is proven. */
export function clientsOf(plan: Plan): Clients {
  const start = plan.kind === 'restore' ? 500_000 : 0;
  return new Map(
    clusters.map((name): [string, Client] => {
      const rest = { epoch: 1, turn: 0, back: false, released: false };
      return [name, { ...rest, current: new Map([[name, start]]), proven: new Map([[name, 0]]) }];
    }),
  );
}

/** '' = accepted. A forward write behind the way back, or a broken order of kinds, is what the fence is there for. */
export function land(all: Clients, write: Write, fence: Fence): 'accepted' | 'fenced' {
  const client = clientIn(all, write.client);
  const older = write.epoch < client.epoch || (write.epoch === client.epoch && write.turn < client.turn);
  if (fence === 'turn' ? older : write.epoch < client.epoch) return 'fenced';
  if (client.back && write.kind === 'forward') throw new Error(`${write.client}: forward after the way back`);
  client.epoch = write.epoch;
  client.turn = write.turn;
  const { current, proven } = client;
  const touched = write.serving.length > 0 ? write.serving : [...current.keys()];
  switch (write.kind) {
    case 'forward':
      for (const name of touched) current.set(name, write.share);
      break;
    case 'restore':
      client.back = true;
      for (const name of touched) current.set(name, proven.get(name) ?? 0);
      break;
    case 'commit':
      for (const name of touched.filter((one) => current.has(one))) proven.set(name, current.get(name) ?? 0);
      break;
    case 'release':
      client.released = true;
  }
  return 'accepted';
}

function clientIn(all: Clients, name: string): Client {
  const found = all.get(name);
  if (found === undefined) throw new RangeError(`no client ${name}`);
  return found;
}

/** Does every client of these send the share to the serving clusters? */
export function carries(all: Clients, { clients, serving, share }: Expected): boolean {
  return clients.every((client) => serving.every((name) => (clientIn(all, client).current.get(name) ?? 0) === share));
}

interface Expected {
  readonly clients: readonly string[];
  readonly serving: readonly string[];
  readonly share: number;
}

/** Is every client back to what is proven, in these serving clusters (empty: all)? */
export const isBack = (all: Clients, serving: readonly string[] = []): boolean =>
  [...all.values()].every(({ current, proven }) =>
    [...current].every(
      ([name, share]) => (serving.length > 0 && !serving.includes(name)) || share === (proven.get(name) ?? 0),
    ),
  );

/** Is the new version whole and proven there, for every client that calls it? */
export const isProven = (all: Clients, plan: Plan, serving: readonly string[]): boolean =>
  plan.waves.every((wave) =>
    wave.clients.every((name) => {
      const { current, proven } = clientIn(all, name);
      const moved = wave.serving.filter((one) => serving.includes(one));
      return moved.every((one) => current.get(one) === WHOLE && proven.get(one) === WHOLE);
    }),
  );
