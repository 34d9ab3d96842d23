/**
 * core/rollout: from a wanted change to a finished move of traffic, as pure functions.
 *
 *   Change + config + facts ──planRollout──► Plan ──next(plan, state, event)──► state + commands ──► (workflow)
 *
 * plan/versions.ts decides the steps before anything is written, once preflight/ has found nothing wrong.
 * machine/next.ts is the state machine. Breach, abort and cancellation are handled at once in any phase before the
 * commit. Every rollout ends as promoted, restored, partial, released or unproven.
 * Nothing here waits, reads a clock or knows Temporal: events carry their time, commands are run by the workflow.
 */
import type { WatchSloResult } from '../../judge/look/watch.ts';
import type { VerifyRoutingResult } from '../../judge/proof/proof.ts';
import type { Absence } from '../../routing/record.ts';
import type { SloReading } from '../../judge/slo-reading.ts';
import type { Person } from '../../values/person.ts';
import type { SteeredStep } from '../steered-step.ts';
import type { WindowsRead } from '../windows.ts';

/** What the workflow must do. `seq` comes back in the answer; an answer to a superseded command is ignored. */
export type Command =
  | { readonly type: 'prepare'; readonly seq: number; readonly wave: number }
  /** held: it is written already, and its proof is waited for. */
  | { readonly type: 'enter'; readonly seq: number; readonly wave: number; readonly held?: true }
  /** The Jobs of the plan, in every serving cluster of the wave. */
  | { readonly type: 'before'; readonly seq: number; readonly wave: number }
  | { readonly type: 'apply'; readonly seq: number; readonly wave: number; readonly step: number }
  | { readonly type: 'verify'; readonly seq: number; readonly wave: number; readonly step: number }
  /** Callers past Envoy get the new version in the wave's clusters, too. */
  | { readonly type: 'pin'; readonly seq: number; readonly wave: number }
  | { readonly type: 'watch'; readonly seq: number; readonly mode: 'bake' | 'hold'; readonly bakeMs: number }
  | { readonly type: 'stopWatch' }
  /** The freeze windows, as the config has them by then. afterMs: not before, ms since the epoch; 0 = at once. */
  | { readonly type: 'readWindows'; readonly seq: number; readonly afterMs: number }
  /** The address that the plan names for the step: may it go? */
  | { readonly type: 'askGate'; readonly seq: number; readonly wave: number; readonly step: number }
  /** Every last share once more: what is not so any more is found before it becomes the proven one. */
  | { readonly type: 'confirm'; readonly seq: number }
  /** Waves that the run has not come to (again): back to what is proven. Nobody waits for its answer but the next write. */
  | {
      readonly type: 'takeBack';
      readonly turn: number;
      readonly clients: readonly string[];
      readonly serving: readonly string[];
    }
  | { readonly type: 'commit'; readonly seq: number; readonly serving: readonly string[] }
  /** Cancels forward work first. serving [] = all. */
  | {
      readonly type: 'restore';
      readonly seq: number;
      readonly clients: readonly string[];
      readonly serving: readonly string[];
    }
  /** Only where the clusters of a restore were not proven one by one. */
  | { readonly type: 'proveRestore'; readonly seq: number }
  /** The restore ends without this cluster. */
  | { readonly type: 'giveUp'; readonly cluster: string; readonly absence: Absence }
  | { readonly type: 'release'; readonly seq: number }
  /** Starts the retirement of a version (or the original) on its own clock. */
  | { readonly type: 'retire'; readonly what: 'replaced' | 'failed' };

export type RolloutEvent = { readonly atMs: number } & (
  | { readonly type: 'started' }
  /** The run goes on in the place of a former self that may have come further. */
  | { readonly type: 'wasReset' }
  /** The first client cluster of the command has its share. */
  | { readonly type: 'wrote'; readonly seq: number }
  | { readonly type: 'done'; readonly seq: number }
  | { readonly type: 'failed'; readonly seq: number; readonly reason: string; readonly code: string }
  | { readonly type: 'proved'; readonly seq: number; readonly proof: VerifyRoutingResult }
  | { readonly type: 'watched'; readonly seq: number; readonly result: WatchSloResult }
  | { readonly type: 'restoredOne'; readonly seq: number; readonly cluster: string }
  | { readonly type: 'provedOne'; readonly seq: number; readonly cluster: string; readonly proof: VerifyRoutingResult }
  | { readonly type: 'failedOne'; readonly seq: number; readonly cluster: string; readonly reason: string }
  /** Its record could not be made to name the clusters that were given up. */
  | { readonly type: 'untold'; readonly seq: number; readonly cluster: string; readonly reason: string }
  | { readonly type: 'windowsRead'; readonly seq: number; readonly read: WindowsRead }
  /** They could not be read: whether one is closed is not known. */
  | { readonly type: 'windowsUnread'; readonly seq: number; readonly reason: string }
  | { readonly type: 'gateSaid'; readonly seq: number; readonly go: boolean; readonly reason: string }
  | (Said & { readonly type: 'giveUp'; readonly cluster: string })
  | (Said & { readonly type: 'approve' })
  | (Said & { readonly type: 'resume' })
  | (Said & { readonly type: 'pause' | 'abort' | 'alert' | 'cancel' })
  | (Said & { readonly type: 'promote'; readonly full: boolean; readonly breakGlass?: true })
);

/** What is common to messages. */
export interface Said {
  readonly reason: string;
  /** Absent: nobody has said who. */
  readonly by?: Person;
  /** The moment that it is about. Absent: whatever the moment is. */
  readonly of?: SteeredStep;
  /** Of the update, where it names a moment: so that who used a link is known afterwards. */
  readonly id?: string;
}

/** A step of the way forward that may have to ask before it is taken. */
export type ForwardStep =
  | { readonly to: 'prepare'; readonly wave: number }
  | { readonly to: 'share'; readonly step: number }
  | { readonly to: 'pin' };

/** A message that has acted. */
export interface Acted {
  readonly id: string;
  readonly type: string;
  readonly by: string;
  readonly atMs: number;
}

export interface RolloutState {
  readonly phase: Phase;
  readonly wave: number;
  readonly step: number;
  /** seq of the command whose answer the phase waits for; 0 = none. */
  readonly awaiting: number;
  /** seq of the running watch; 0 = none. */
  readonly watching: number;
  /** The wave that the newest watch looks at; -1 before the first. */
  readonly watchedWave: number;
  /** The wave whose Jobs before the first share have succeeded last; -1 before the first. */
  readonly testedWave: number;
  readonly lastSeq: number;
  readonly paused: boolean;
  readonly full: boolean;
  /** The next step goes whatever the evidence: a person said promote or approve. */
  readonly go: boolean;
  /** The forward step that waits for leave; null: none does. */
  readonly waits: ForwardStep | null;
  /** The freeze windows are open until then, ms since the epoch, as they were read last; 0 = not known. */
  readonly openUntilMs: number;
  /** A person has broken the glass: freeze windows hold nothing any more. */
  readonly glassBroken: boolean;
  /** The gate of the next step has said go, or a person went past it. */
  readonly gatePassed: boolean;
  /** Messages that named a moment and acted, the newest last. */
  readonly acted: readonly Acted[];
  /** Share of the new version per serving cluster, ppm: what has been asked for. */
  readonly shares: Readonly<Record<string, number>>;
  /** Waves whose clients may have been written (entered or more): a restore covers them. */
  readonly touchedWaves: number;
  /** Waves in which callers past Envoy have followed. */
  readonly pinnedWaves: number;
  readonly takenBack: readonly string[];
  /** Client clusters of a restore that are still to be written. */
  readonly outstanding: readonly string[];
  /** How far each client cluster of a restore is; empty before it. */
  readonly back: Readonly<Record<string, ClusterBack>>;
  /** Clusters that the run goes on, or ends, without. */
  readonly absent: Readonly<Record<string, Absence>>;
  readonly outcome: Outcome | null;
  readonly reason: string;
  /** What ended the forward way; decides how the workflow closes. drilled: it had come to its end, and was to come back. */
  readonly cause: 'none' | 'breach' | 'abort' | 'cancel' | 'error' | 'drilled';
  /** Why the way forward was left; '' while it was not. */
  readonly leftBecause: string;
  /** Failure code of the error, '' otherwise. */
  readonly code: string;
  readonly readings: readonly SloReading[];
  readonly proof: VerifyRoutingResult | null;
  readonly since: number;
  readonly moments: Moments;
  readonly log: readonly LogEntry[];
}

export const initialState: RolloutState = {
  phase: 'preparing',
  wave: 0,
  step: -1,
  awaiting: 0,
  watching: 0,
  watchedWave: -1,
  testedWave: -1,
  lastSeq: 0,
  paused: false,
  full: false,
  go: false,
  waits: null,
  openUntilMs: 0,
  glassBroken: false,
  gatePassed: false,
  acted: [],
  shares: {},
  touchedWaves: 0,
  pinnedWaves: 0,
  takenBack: [],
  outstanding: [],
  back: {},
  absent: {},
  outcome: null,
  reason: 'not started',
  cause: 'none',
  leftBecause: '',
  code: '',
  readings: [],
  proof: null,
  since: 0,
  moments: { firstBad: null, verdict: null, written: null, proven: null },
  log: [],
};

/** One client cluster on its way back. */
export interface ClusterBack {
  readonly state: 'writing' | 'written' | 'verified' | 'untested' | 'contradicted' | 'failed' | 'absent';
  /** Since then, ms since the epoch. */
  readonly atMs: number;
  /** '' while there is nothing to say. */
  readonly reason: string;
  /** Once its traffic was asked. */
  readonly proof?: VerifyRoutingResult;
}

export interface Next {
  readonly state: RolloutState;
  readonly commands: readonly Command[];
}

export type Phase =
  | 'preparing'
  | 'entering'
  | 'testing'
  | 'applying'
  | 'verifying'
  | 'baking'
  | 'pinning'
  /** A forward step asks whether it may go. */
  | 'asking'
  /** A freeze window is closed. */
  | 'frozen'
  | 'gated'
  | 'paused'
  | 'needs-person'
  | 'confirming'
  | 'committing'
  | 'releasing'
  | 'restoring'
  | 'proving-restore'
  | 'ended';

/** unproven: the weights are restored everywhere, but an Envoy contradicts it: a person must look. */
export type Outcome = 'promoted' | 'restored' | 'partial' | 'released' | 'unproven';

export interface LogEntry {
  readonly atMs: number;
  readonly text: string;
}

/** The moments of a way back, ms since the epoch; null = has not happened. */
export interface Moments {
  /** Earliest sample interval with a bad response of the new version. */
  readonly firstBad: number | null;
  readonly verdict: number | null;
  readonly written: number | null;
  readonly proven: number | null;
}
