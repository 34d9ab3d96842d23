/** What a version is made from. */

/** What a version is made from, per serving cluster. */
export interface VersionSource {
  /** Deployment to copy the template from. */
  readonly deployment: string;
  readonly image?: string;
  readonly podTemplate?: unknown;
}
