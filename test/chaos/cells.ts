/**
 * The written list: which fault comes in which phase, and how the run may then end. The ends are the design's word, not
 * what was seen: a server that does not answer holds a run and fails nothing (sections 4 and 6), what the new version does
 * to its clients goes back (6), a run that is gone is restored by the settler (4).
 */
import { faults } from './faults/index.ts';
import { phases } from './phases.ts';
import type { Fault, Phase } from './scene.ts';

/** `refused`: the change was not taken, and says why. `unproven`: a commit did not reach every cluster, and names it. */
export type End = 'promoted' | 'restored' | 'refused' | 'unproven';

export interface Cell {
  readonly id: string;
  readonly fault: Fault;
  readonly phase: Phase;
  readonly ends: readonly End[];
}

type Row = readonly [faults: string, phases: string, ends: string];

const forward = 'preparing entry between-clusters bake gate pin commit undo after-end';

/** Faults, phases and ends, as words. A later row overrules an earlier one. */
const rows: readonly Row[] = [
  // Who works for Tidegate may go at any time: the run goes on with the next one.
  ['worker-killed worker-away worker-frozen temporal-killed temporal-frozen', `start ${forward}`, 'promoted'],
  ['worker-killed worker-away worker-frozen temporal-killed temporal-frozen', 'restore', 'restored'],
  // An API server that fails holds forward steps.
  ['api-killed api-hung api-slow api-500 api-429 api-404-html', forward, 'promoted'],
  ['api-killed api-hung api-slow api-500 api-403 api-429 api-404-html', 'start', 'promoted refused'],
  // A right that was taken away is no outage: the run may go back for it, by name.
  ['api-403', forward, 'promoted restored'],
  ['api-403', 'after-end', 'promoted'],
  ['api-killed api-hung api-slow api-500 api-403 api-429 api-404-html', 'restore', 'restored'],
  // Metrics that are away are unknown: never a breach, never health.
  ['prometheus-killed prometheus-hung prometheus-empty prometheus-500', forward, 'promoted'],
  ['prometheus-killed prometheus-hung prometheus-empty prometheus-500', 'start', 'promoted refused'],
  ['prometheus-killed prometheus-hung prometheus-empty prometheus-500', 'restore', 'restored'],
  // An Envoy that dies hurts both arms alike. One that contradicts its weights takes the run back.
  ['envoy-killed envoy-frozen', `start ${forward}`, 'promoted restored'],
  ['envoy-killed envoy-frozen', 'after-end', 'promoted'],
  ['envoy-killed envoy-frozen', 'restore', 'restored'],
  ['canary-crashes canary-hangs canary-errors', 'entry between-clusters bake gate pin', 'restored'],
  ['canary-crashes canary-hangs canary-errors', 'restore', 'restored'],
  // Pods of the old version are no reason to go back to them, and none to go on before there is evidence.
  ['stable-crashes cluster-lost', `start ${forward}`, 'promoted restored'],
  ['stable-crashes cluster-lost', 'after-end', 'promoted'],
  ['stable-crashes cluster-lost', 'restore', 'restored'],
  // What somebody else has changed is put right once, or the run goes back and says who it was.
  ['weights-edited pin-edited', `${forward}`, 'promoted restored'],
  ['weights-edited pin-edited', 'after-end', 'promoted'],
  ['weights-edited pin-edited', 'restore', 'restored'],
  ['cec-deleted', 'entry bake gate pin restore', 'restored'],
  // In mid-commit nothing can go back any more. It is promoted only where the route was proven before it was deleted: run-cell.
  ['cec-deleted', 'commit', 'restored unproven promoted'],
  ['cec-deleted', 'after-end', 'promoted'],
  ['second-start', forward.replace(' after-end', ''), 'promoted'],
  ['second-start', 'restore', 'restored'],
  // A run that is gone before its first write leaves nothing to restore.
  ['rollout-terminated rollout-cancelled', 'entry between-clusters bake gate pin undo restore', 'restored'],
  ['rollout-terminated rollout-cancelled', 'commit', 'promoted restored'],
  ['guard-terminated', forward, 'promoted'],
  ['guard-terminated', 'restore', 'restored'],
  ['settler-terminated', 'after-end', 'promoted'],
];

export const cells: readonly Cell[] = listed();

function listed(): Cell[] {
  const found = new Map<string, Cell>();
  for (const [faultNames, phaseNames, ends] of rows)
    for (const faultName of faultNames.split(' '))
      for (const phaseName of phaseNames.split(' ')) {
        const id = `${faultName}@${phaseName}`;
        const fault = named(faults, faultName);
        found.set(id, { id, fault, phase: named(phases, phaseName), ends: ends.split(' ') as End[] });
      }
  return [...found.values()];
}

export function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no such name: ${name}`);
  return found;
}
