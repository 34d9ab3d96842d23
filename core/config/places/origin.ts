/** What a config was read from, where that has a name for how it was then: plans say it beside the digest. */

/** An object in a hub; what the API server counts up at each write, and at each write of its spec. */
export interface HubOrigin {
  readonly kind: 'hub';
  /** `namespace/Kind/name`; without a namespace `Kind/name`. */
  readonly object: string;
  readonly resourceVersion: string;
  readonly generation: number;
}

export type ConfigOrigin = HubOrigin;

/** By the file of a problem or a document. A directory has none. */
export type ConfigOrigins = ReadonlyMap<string, ConfigOrigin>;

export const originText = ({ object, resourceVersion }: ConfigOrigin): string =>
  `${object} at resourceVersion ${resourceVersion}`;
