/**
 * core/workload: what runs behind a service in a cluster, and what the Deployment of a version should be.
 *
 *   objects as read ──frontendFacts, workloadFacts──► ClusterFacts ──► plans; VersionSource ──► Deployment
 *
 * This file has the facts that plans are made of: each cluster as it was read. cluster-facts.ts makes them of objects,
 * surroundings.ts finds objects of others, and the version-*.ts files make the pod template and the Deployment. A
 * version name stands for one pod template for ever: a template that differs is refused here.
 * This folder reads no cluster, waits for no pod, and decides no step.
 */
import type { Frontend, RoutingRecord } from '../routing/record.ts';
import type { Fight, Repairs } from './frontend/fights.ts';
import type { FrontendSigns } from './frontend/frontend-signs.ts';
import type { Pause } from './frontend/pauses.ts';
import type { DerivedVersion } from './origin/derived-version.ts';
import type { ConfigChange } from './pod-config/config-record.ts';
import type { ServiceShape } from './service-shape.ts';

/** A Deployment that can serve the frontend. */
export interface WorkloadFacts {
  readonly deployment: string;
  /** From the pod template's app.kubernetes.io/version; '' when it has none. */
  readonly version: string;
  /** Of a template without that label: what else says the version. Absent: it has the label, or an older worker has read it. */
  readonly derived?: DerivedVersion;
  /** True when Tidegate made it (labels.managedBy). */
  readonly managed: boolean;
  readonly replicas: number;
  readonly ready: number;
  readonly templateDigest: string;
  /** Who changed the pod template since Tidegate made it, and when; '' or absent: nobody. */
  readonly editedBy?: string;
  readonly image: string;
  /** Name of a HorizontalPodAutoscaler on it, or ''. */
  readonly autoscaler: string;
  /** What differs of the ConfigMaps and Secrets that its pods read. Absent: nothing, or none was recorded. */
  readonly config?: readonly ConfigChange[];
}

/** Another Service whose selector has the frontend's pods in it. */
export interface SecondService {
  readonly name: string;
  /** Version that its selector keeps to; '' = none: pods of every version get its calls. */
  readonly pinned: string;
  /** Does it lead to the frontend's port? (One for metrics alone does not.) */
  readonly serving: boolean;
  /** Its pin is Tidegate's, and moves with the frontend's. Absent: it is not. */
  readonly follows?: true;
  /** It is under Tidegate itself: its pin is its own record's. */
  readonly adopted?: true;
  /** Its selector has all that the frontend's has: a pin takes pods of nobody else away from it. Absent: it may, or read by an older worker. */
  readonly within?: true;
  /** Its callers find pods by DNS: those of every version. */
  readonly headless?: true;
  /** Somebody takes the pin off, again and again. */
  readonly fight?: Fight;
}

/** Why no Deployment stands behind a frontend that is there. */
export interface NobodyBehind {
  readonly why: string;
  readonly fix: string;
}

export interface ClusterFacts {
  readonly cluster: string;
  /** '' when reachable; else why not. */
  readonly unreachable: string;
  readonly record: RoutingRecord | null;
  /** null: no such Service in the namespace. */
  readonly frontend:
    | (Frontend &
        FrontendSigns & {
          readonly global: boolean;
          readonly affinity: string;
          readonly sessionAffinity: boolean;
          readonly ports: number;
          /** Those that are not routed, as texts. Absent: there are none. */
          readonly otherPorts?: readonly string[];
          readonly appProtocol: string;
          /** Version that the selector is pinned to; '' = none. */
          readonly pinned: string;
          /** What its shape forbids and changes, of the allow-list in service-shape.ts; absent: read by an older worker. */
          readonly shape?: ServiceShape;
        })
    | null;
  readonly workloads: readonly WorkloadFacts[];
  /** Why there are none of them, where the frontend is there. */
  readonly nobody?: NobodyBehind;
  /** Objects of others on this Service: "CiliumEnvoyConfig shop/x (manager kubectl, 2026-…)". */
  readonly foreign: readonly string[];
  /** Why the record there cannot be used; each is in `foreign` too. Absent: it can, or read by an older worker. */
  readonly broken?: readonly string[];
  /** Ingresses, Gateways that dial the pods: not canaried. */
  readonly bypasses: readonly string[];
  /** Absent: none, or read by an older worker. */
  readonly secondServices?: readonly SecondService[];
  /** Image of Cilium's Envoy there, or of the agent that has it inside; '' when it cannot be read. Absent: by an older worker. */
  readonly envoyImage?: string;
  /** What could not be read, and what may be unseen for it; absent: nothing. */
  readonly unseen?: readonly string[];
  /** Absent: none, or read by an older worker. */
  readonly pauses?: readonly Pause[];
  readonly repairs?: Repairs;
}

export interface ReadRecordsResult {
  readonly clusters: readonly ClusterFacts[];
  /** max(now in ms, 1 + the highest epoch read in any cluster). */
  readonly epoch: number;
}
