/** What is known of a running lab: written to `lab.json` in its run directory, read by every client of the lab. */
import type { KubeTarget } from './api/kube-client.ts';
import type { LabMesh } from './mesh.ts';

/** `api`: API servers only, for tests without traffic. */
export type LabParts = 'all' | 'api';

export interface LabSpec {
  readonly name: string;
  readonly runDir: string;
  readonly mesh: LabMesh;
  readonly parts: LabParts;
  /** Between two scrapes of an Envoy, and between two exports of a pod, ms. */
  readonly metricsIntervalMs: number;
  /** Which requests fail under an error fault. */
  readonly seed: number;
}

export interface LabEnv {
  readonly KUBECONFIG: string;
  readonly TEMPORAL_ADDRESS: string;
  readonly TEMPORAL_UI_URL: string;
  readonly PROMETHEUS_URL: string;
  readonly TIDEGATE_CONFIG: string;
  /** Of the front door, once it is started; '' without traffic, as the next. */
  readonly TIDEGATE_URL: string;
  /** `HOST:PORT` of the registry. */
  readonly LAB_REGISTRY: string;
}

export interface LabEnvoyState {
  readonly node: string;
  readonly adminPort: number;
}

export interface LabClusterState {
  readonly name: string;
  readonly id: number;
  readonly server: string;
  readonly admin: KubeTarget;
  readonly tidegate: KubeTarget;
  /** Kubeconfig of the user `tidegate`. */
  readonly kubeconfig: string;
  readonly envoys: readonly LabEnvoyState[];
  /** 0 without Cilium's parts. */
  readonly ciliumAdminPort: number;
}

export interface LabState {
  readonly name: string;
  readonly slot: number;
  readonly runDir: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly parts: LabParts;
  readonly mesh: LabMesh;
  readonly env: LabEnv;
  readonly clusters: readonly LabClusterState[];
}

export interface LabProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  readonly failure?: string;
}

export const stateFile = 'lab.json';
export const controlSocket = 'control.sock';
export const podsSocket = 'pods.sock';
export const loadSocket = 'load.sock';
