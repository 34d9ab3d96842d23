/**
 * The one change of a part that waits for its turn: the newest wins. Pure: what becomes of a waiting change is decided here;
 * the workflow `next` looks when its turn has come.
 */
import { digestOf } from '../values/canonical.ts';
import { partFlag, type Part } from '../routing/part.ts';
import { isWayBack, type Change } from './change.ts';
import { isForward, isRestoring } from './machine/phases.ts';
import type { RunningStatus } from './running.ts';

export interface WaitingChange {
  /** The same change has the same one, however often it is asked for. */
  readonly id: string;
  readonly change: Change;
  /** Who asks, as they call themselves. */
  readonly by: string;
  /** It does not wait for the end of a run that it may take the place of: that one is aborted. */
  readonly supersedes: boolean;
  /** Since when it waits, ms since the epoch. */
  readonly sinceMs: number;
}

export type WaitingEnd = 'started' | 'refused' | 'superseded' | 'dropped';

export interface EndedWaiting extends WaitingChange {
  readonly end: WaitingEnd;
  /** Why, in a sentence. */
  readonly text: string;
  /** Of the rollout; '' = it has not started. */
  readonly workflowId: string;
  readonly atMs: number;
}

/** What waits for its turn in one part of a service. */
export interface Waiting {
  readonly waits: WaitingChange | null;
  /** Its turn has come, and it is being planned. */
  readonly turn: WaitingChange | null;
  /** What has ended here, the newest last. */
  readonly ended: readonly EndedWaiting[];
}

/** … as readers see it (query `status` of the workflow `next`). */
export interface WaitingStatus extends Waiting {
  /** `shop/checkout` */
  readonly service: string;
  readonly part: Part;
  /** Why it still waits: one sentence. */
  readonly reason: string;
  /** The run that it waits behind; null: none runs. */
  readonly behind: BehindRun | null;
}

export interface BehindRun {
  readonly workflowId: string;
  readonly runId: string;
  /** What has come of superseding it; '' = nothing to say. */
  readonly note: string;
}

export const nothingWaits: Waiting = { waits: null, turn: null, ended: [] };

/** Ends that are kept. */
const ENDED = 10;

export const waitingChange = ({
  atMs,
  ...of
}: Omit<WaitingChange, 'id' | 'sinceMs'> & { readonly atMs: number }): WaitingChange => ({
  ...of,
  id: digestOf(of.change).slice(0, 12),
  sinceMs: atMs,
});

/** Somebody asks for a change: it takes the place of the one that waits. The same once more is one change, not two. */
export function asked(waiting: Waiting, wanted: WaitingChange): Waiting {
  const { waits, turn } = waiting;
  if (waits?.id === wanted.id) {
    return { ...waiting, waits: { ...waits, supersedes: waits.supersedes || wanted.supersedes } };
  }
  // What is being planned right now will run, or be refused, whatever is asked for.
  if (waits === null && turn?.id === wanted.id) return waiting;
  return { ...replaced(waiting, wanted), waits: wanted };
}

const replaced = (waiting: Waiting, by: WaitingChange): Waiting =>
  waiting.waits === null
    ? waiting
    : ended(waiting, waiting.waits, { end: 'superseded', text: supersededText(by), atMs: by.sinceMs });

/** Its turn has come. */
export const takeTurn = (waiting: Waiting): Waiting => ({ ...waiting, waits: null, turn: waiting.waits });

/** It was not its turn yet: it waits again, unless a newer one does. */
export function putBack(waiting: Waiting): Waiting {
  const { waits, turn } = waiting;
  if (turn === null) return waiting;
  return waits === null
    ? { ...waiting, waits: turn, turn: null }
    : ended({ ...waiting, turn: null }, turn, { end: 'superseded', text: supersededText(waits), atMs: waits.sinceMs });
}

type End = Pick<EndedWaiting, 'end' | 'text' | 'atMs'> & { readonly workflowId?: string };

export const endTurn = (waiting: Waiting, end: End): Waiting =>
  waiting.turn === null ? waiting : ended({ ...waiting, turn: null }, waiting.turn, end);

/** '' = it can be dropped; else why not and what to do. */
export function refuseDrop({ waits, turn }: Waiting, service: string, part: Part): string {
  if (waits !== null) return '';
  if (turn === null) return 'nothing waits here';
  return `its turn has come, and it is being planned; once it runs: tidegate rollout abort ${service}${partFlag(part)}`;
}

export const drop = (
  waiting: Waiting,
  { reason, atMs }: { readonly reason: string; readonly atMs: number },
): Waiting =>
  waiting.waits === null
    ? waiting
    : ended({ ...waiting, waits: null }, waiting.waits, { end: 'dropped', text: `dropped: ${reason}`, atMs });

function ended(waiting: Waiting, one: WaitingChange, end: End): Waiting {
  return { ...waiting, ended: [...waiting.ended.slice(1 - ENDED), { ...one, workflowId: '', ...end }] };
}

/** What has become of a change: null while it waits, or is being planned. */
export function endOf({ waits, turn, ended: all }: Waiting, id: string): EndedWaiting | null {
  if (waits?.id === id || turn?.id === id) return null;
  return all.findLast((one) => one.id === id) ?? null;
}

/** `deploy of v3`, `adopt`, `topology`. */
export const changeText = (change: Change): string =>
  'version' in change && change.version !== undefined ? `${change.kind} of ${change.version}` : change.kind;

/** The reason of the abort, and what the starter of an older change is told. */
export const supersededText = ({ change, by }: WaitingChange): string => `superseded by ${changeText(change)} (${by})`;

/** '' = the change may take the place of that run; else why it waits for its end instead. */
export function refuseSupersede({ change }: WaitingChange, { kind, phase }: RunningStatus): string {
  if (isWayBack(kind)) return `${kind} is a way back, and none is aborted for a change`;
  if (kind !== change.kind) return `${change.kind} takes the place of ${change.kind} only, and that is ${kind}`;
  if (isRestoring(phase)) return 'it goes back already';
  return isForward(phase) ? '' : `it is ${phase}, and cannot be aborted any more`;
}
