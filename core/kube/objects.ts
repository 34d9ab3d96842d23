/**
 * core/kube: Kubernetes objects as data. It says what shape they have, whose they are, and whether one is as we asked.
 *
 *   Manifest ──withDigest──► Manifest ──(platform/kube writes it)──► KubeObject ──contradictions──► fields that differ
 *
 * This file has the parts of objects that Tidegate reads, as the API server's JSON has them; unread fields pass
 * through. A cluster is a reference here (cluster-ref.ts): it names where the credentials lie, and never holds them.
 * This folder calls no API server. It does not know records, weights or versions: what an object means to routing is
 * said in core/routing and core/render.
 */

import type { LabelSelector } from './label-selector.ts';

export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly time?: string;
  /** Fields that the manager owns, as nested `f:NAME` keys. */
  readonly fieldsV1?: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly ManagedFields[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** The object goes when its owner does: Kubernetes' garbage collector sees to that. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** By resource, as Kubernetes writes amounts: `100m`, `1Gi`. */
export type Amounts = Readonly<Record<string, string | number>>;

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts };
  /** Always, of one that initialises: it stays. */
  readonly restartPolicy?: string;
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
    readonly overhead?: Amounts;
  };
}

/** A ConfigMap or a Secret. */
export interface ConfigObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Of a ConfigMap, base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  /** Of a Secret. */
  readonly type?: string;
  readonly immutable?: boolean;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly ports?: readonly ServicePort[];
    readonly selector?: Readonly<Record<string, string>>;
    readonly sessionAffinity?: string;
    readonly type?: string;
    readonly clusterIP?: string;
    readonly internalTrafficPolicy?: string;
    readonly externalTrafficPolicy?: string;
    readonly externalIPs?: readonly string[];
    readonly ipFamilies?: readonly string[];
    readonly publishNotReadyAddresses?: boolean;
    readonly trafficDistribution?: string;
  };
}

export interface EndpointSlice extends KubeObject {
  /** IPv4, IPv6 or FQDN: of all its endpoints. */
  readonly addressType?: string;
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
    readonly targetRef?: {
      readonly kind?: string;
      readonly namespace?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  }[];
}

/** What an autoscaler aims at (`target`), or sees (`current`). */
interface MetricValues {
  readonly averageUtilization?: number;
  readonly averageValue?: string;
  readonly value?: string;
}

interface MetricPart {
  /** Of a resource; other metrics have theirs in `metric`. */
  readonly name?: string;
  readonly container?: string;
  readonly metric?: { readonly name: string; readonly selector?: unknown };
  readonly target?: MetricValues;
  readonly current?: MetricValues;
}

export interface AutoscalerMetric {
  readonly type: string;
  readonly resource?: MetricPart;
  readonly containerResource?: MetricPart;
  readonly pods?: MetricPart;
  readonly object?: MetricPart;
  readonly external?: MetricPart;
}

export interface Autoscaler extends KubeObject {
  readonly spec: {
    readonly minReplicas?: number;
    readonly maxReplicas: number;
    readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string };
    readonly metrics?: readonly AutoscalerMetric[];
  };
  readonly status?: {
    readonly currentReplicas?: number;
    readonly currentMetrics?: readonly AutoscalerMetric[] | null;
  };
}

/** KEDA's. */
export interface ScaledObject extends KubeObject {
  readonly spec: {
    readonly minReplicaCount?: number;
    readonly maxReplicaCount?: number;
    readonly idleReplicaCount?: number;
    /** Without a kind a Deployment. */
    readonly scaleTargetRef: { readonly kind?: string; readonly name: string };
  };
}

export interface ResourceQuota extends KubeObject {
  readonly spec?: { readonly scopes?: readonly string[]; readonly scopeSelector?: unknown };
  readonly status?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly used?: Readonly<Record<string, string>>;
  };
}

export interface LimitRange extends KubeObject {
  readonly spec?: {
    readonly limits?: readonly {
      readonly type: string;
      readonly default?: Amounts;
      readonly defaultRequest?: Amounts;
    }[];
  };
}

export interface DisruptionBudget extends KubeObject {
  readonly spec?: { readonly selector?: LabelSelector | null };
}

export interface EnvoyConfig extends KubeObject {
  readonly spec?: {
    readonly services?: readonly { readonly name: string; readonly namespace?: string }[];
    readonly backendServices?: readonly { readonly name: string; readonly namespace?: string }[];
    readonly resources?: readonly unknown[];
  };
}

/** A Kubernetes object as we render it: canonical (sorted keys, no undefined). */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
}
