/** What a config was read from, where that has a name for how it was then: plans say it beside the digest. */

/** An object in a hub; what the API server counts up at each write, and at each write of its spec. */
export interface HubOrigin {
  readonly kind: 'hub';
  /** `namespace/Kind/name`; without a namespace `Kind/name`. */
  readonly object: string;
  readonly resourceVersion: string;
  readonly generation: number;
}

/** A commit of a Git repository. */
export interface GitOrigin {
  readonly kind: 'git';
  readonly url: string;
  readonly commit: string;
}

export type ConfigOrigin = HubOrigin | GitOrigin;

/** By the file of a problem or a document. A directory has none. */
export type ConfigOrigins = ReadonlyMap<string, ConfigOrigin>;

export const originText = (origin: ConfigOrigin): string =>
  origin.kind === 'git'
    ? `${origin.url} at commit ${origin.commit}`
    : `${origin.object} at resourceVersion ${origin.resourceVersion}`;
