/** What a write did to an object. */

export type Action = 'created' | 'configured' | 'unchanged' | 'skipped';

/** What changed: `kind/name` with the digests before and after ('' = absent). */
export interface ObjectChange {
  readonly object: string;
  readonly action: Action | 'deleted';
  readonly before: string;
  readonly after: string;
}
