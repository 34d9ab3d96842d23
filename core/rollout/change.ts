/** What somebody wants. */

export type Change =
  | { readonly kind: 'adopt'; readonly version?: string }
  | {
      readonly kind: 'deploy';
      readonly version: string;
      readonly image?: string;
      readonly template?: PodTemplateSource;
    }
  | { readonly kind: 'undo'; readonly version?: string }
  | { readonly kind: 'release' }
  | { readonly kind: 'restore' };

/** A pod template from a file of the config, inline after loading. */
export interface PodTemplateSource {
  readonly podTemplate: unknown;
}
