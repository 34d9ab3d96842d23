/** What a version is made from. */

export interface DeploymentMetadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a version is made from, per serving cluster. */
export interface VersionSource {
  /** Deployment to copy the template from. */
  readonly deployment: string;
  readonly image?: string;
  readonly podTemplate?: unknown;
  /** What the Service document puts on the Deployment itself, for policies and owners of the cluster. */
  readonly metadata?: DeploymentMetadata;
  /** The version gets copies of the ConfigMaps and Secrets that its pods read. Absent: it shares them. */
  readonly config?: 'copy';
  /** The version's pods get `service.version` in OTEL_RESOURCE_ATTRIBUTES. Absent: they say what the template says. */
  readonly serviceVersion?: 'env';
}
