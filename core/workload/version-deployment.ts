/** The Deployment of a version: what it should be. Pure. */
import { annotations, labels } from '../kube/labels.ts';
import type { Deployment, PodTemplate, Manifest } from '../kube/objects.ts';
import { describeObject } from '../kube/ownership.ts';
import { withDigest } from '../kube/with-digest.ts';
import { deploymentName } from '../routing/names.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import { refuse } from '../values/error.ts';
import { present } from '../values/json.ts';
import { isManagedVersion } from './managed.ts';
import { recordText, type ConfigRecord } from './pod-config/config-record.ts';
import type { DeploymentMetadata } from './version-source.ts';
import { assertUnedited } from './template-edits.ts';
import { templateDigest, withVersion } from './version-template.ts';

export interface VersionInput {
  readonly service: ServiceRef;
  readonly version: string;
  /** Running Deployment whose strategy and timings are kept. */
  readonly source: Deployment;
  /** Without version labels. */
  readonly template: PodTemplate;
  readonly selector: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly metadata?: DeploymentMetadata | undefined;
  /** ConfigMaps and Secrets that its pods read. */
  readonly config: ConfigRecord;
}

/** How a Deployment rolls is the user's choice; scale and selection are the version's own. */
const keptSettings = ['strategy', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'];

/**
 * Nothing of the source's metadata: its labels and annotations would make a GitOps tool delete the copy. What the Service
 * document asks for is put on; what says whose the object is stays ours.
 */
export function versionDeployment(input: VersionInput): Manifest {
  const { service, version, source, template, selector, replicas, metadata, config } = input;
  const kept = Object.entries(source.spec).filter(([name]) => keptSettings.includes(name));
  return withDigest({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: deploymentName(service.service, version),
      namespace: service.namespace,
      labels: {
        ...metadata?.labels,
        [labels.managedBy]: 'tidegate',
        [labels.owner]: service.installation,
        [labels.service]: service.service,
        [labels.version]: version,
        [labels.subsetVersion]: version,
      },
      annotations: {
        ...metadata?.annotations,
        [annotations.templateDigest]: templateDigest(template),
        ...present({ [annotations.config]: recordText(config) }),
      },
    },
    spec: {
      ...Object.fromEntries(kept),
      replicas,
      selector: { matchLabels: { ...selector, [labels.version]: version, [labels.subsetVersion]: version } },
      template: withVersion(template, version),
    },
  });
}

export interface Claim {
  readonly cluster: string;
  readonly service: ServiceRef;
  readonly version: string;
  readonly wantedDigest: string;
}

/** A version name stands for one template, for ever; and a Deployment's name for one version. */
export function assertSameVersion(existing: Deployment, { cluster, service, version, wantedDigest }: Claim): void {
  const where = `${cluster}/${service.namespace}/Deployment/${existing.metadata.name}`;
  if (!isManagedVersion(existing, service, version)) {
    refuse(
      'Foreign',
      `${where} is in the way of ${service.service} ${version}: ${describeObject(existing)}`,
      'use another version name, or rename or delete that Deployment',
    );
  }
  const digest = existing.metadata.annotations?.[annotations.templateDigest] ?? 'none';
  if (digest === wantedDigest) return assertUnedited(existing, cluster);
  refuse(
    'VersionExists',
    `${where}: version ${version} stands for pod template ${digest.slice(0, 12)}, and ${wantedDigest.slice(0, 12)} was asked for`,
    'deploy the changed template under another version name',
  );
}

/**
 * Are as many pods of the newest template ready as are wanted? What the Deployment asks for itself is no measure: somebody
 * may have made it smaller since.
 */
export function isReady({ metadata, status }: Deployment, pods: number): boolean {
  const wanted = Math.max(1, pods);
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return seen && (status?.updatedReplicas ?? 0) >= wanted && (status?.readyReplicas ?? 0) >= wanted;
}

/** `1 of 2 pods are ready; Progressing: ProgressDeadlineExceeded`. */
export function describeProgress({ status }: Deployment, pods: number): string {
  const wrong = (status?.conditions ?? []).filter((one) => one.status !== 'True' || one.type === 'ReplicaFailure');
  const reasons = wrong.map(
    (one) => `; ${one.type}: ${one.reason ?? one.status}${one.message === undefined ? '' : ` (${one.message})`}`,
  );
  return `${String(status?.readyReplicas ?? 0)} of ${String(Math.max(1, pods))} pods are ready${reasons.join('')}`;
}
