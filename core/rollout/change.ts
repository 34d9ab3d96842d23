/** What somebody wants. */

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
  | (LeavingOut & { readonly kind: 'restore' });

/** A pod template from a file of the config, inline after loading. */
export interface PodTemplateSource {
  readonly podTemplate: unknown;
}

/** What leads to traffic that was proven before, or out of Tidegate: refused only for reasons of its own. */
export const wayBackKinds = ['restore', 'undo', 'release'] as const;

export type WayBackKind = (typeof wayBackKinds)[number];

export const isWayBack = (kind: Change['kind']): kind is WayBackKind =>
  (wayBackKinds as readonly string[]).includes(kind);

/** Names of the clusters that the change leaves out. */
export const leftOut = (change: Change): readonly string[] => ('without' in change ? (change.without ?? []) : []);
