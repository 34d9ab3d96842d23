/** Which Deployment is which version's. */
import { labels } from '../kube/labels.ts';
import type { Deployment } from '../kube/objects.ts';
import { isOwned } from '../kube/ownership.ts';
import type { ServiceRef } from '../routing/service-ref.ts';

/** Two (service, version) pairs can have one Deployment name: the labels tell them apart. */
export const isManagedVersion = (
  deployment: Deployment,
  { service, installation }: ServiceRef,
  version: string,
): boolean =>
  isOwned(deployment, installation) &&
  deployment.metadata.labels?.[labels.service] === service &&
  deployment.metadata.labels[labels.subsetVersion] === version;

export const versionOf = ({ spec }: Deployment): string => spec.template.metadata?.labels?.[labels.version] ?? '';
