/** What somebody wants. */
import { partOf, type Part } from '../routing/part.ts';

/** Clusters that a person leaves out, since they will not answer now: they are not even asked. */
interface LeavingOut {
  readonly without?: readonly string[];
}

export type Change =
  | { readonly kind: 'adopt'; readonly version?: string }
  | (LeavingOut & {
      readonly kind: 'deploy';
      readonly version: string;
      readonly image?: string;
      readonly template?: PodTemplateSource;
    })
  | (LeavingOut & { readonly kind: 'undo'; readonly version?: string })
  | { readonly kind: 'release' }
  /** Calls go to the serving clusters that the Service document names. */
  | (LeavingOut & {
      readonly kind: 'topology';
      /** This one gets nothing until it returns; all else stays as it is proven. */
      readonly drains?: string;
      /** This one gets again what it had before it was drained; all else stays as it is proven. */
      readonly returns?: string;
      /** This one gets less and less, as if it were lost, and then what it had: nothing of it is committed. */
      readonly drills?: string;
      /** How much of what it answers is moved by a drill, ppm. Absent: all. */
      readonly share?: number;
    })
  /** Of one part; absent: of the versions. */
  | (LeavingOut & { readonly kind: 'restore'; readonly part?: Part });

export const changeKinds = [
  'adopt',
  'deploy',
  'undo',
  'release',
  'topology',
  'restore',
] as const satisfies readonly Change['kind'][];

/** The part of the records that the change moves. */
export const partOfChange = (change: Change): Part =>
  change.kind === 'restore' ? partOf(change) : change.kind === 'topology' ? 'topology' : 'versions';

/** A pod template from a file of the config, inline after loading. */
export interface PodTemplateSource {
  readonly podTemplate: unknown;
}

/** What leads to traffic that was proven before, or out of Tidegate: refused only for reasons of its own. */
export const wayBackKinds = ['restore', 'undo', 'release'] as const;

export type WayBackKind = (typeof wayBackKinds)[number];

export const isWayBack = (kind: Change['kind']): kind is WayBackKind =>
  (wayBackKinds as readonly string[]).includes(kind);

/** What becomes of a change while another one of its part is under way. */
export const conflictRules = ['reject', 'queue', 'supersede'] as const;

export type ConflictRule = (typeof conflictRules)[number];

/** Names of the clusters that the change leaves out. */
export const leftOut = (change: Change): readonly string[] => ('without' in change ? (change.without ?? []) : []);
