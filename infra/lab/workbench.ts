import type { ApiServer } from './api/apiservers.ts';
import type { LabSpec } from './lab-state.ts';
import type { LabCluster } from './mesh.ts';
import type { ProcessStarter } from './processes/process.ts';

/**
 * A lab's clusters share one machine. Users' do not share it with their traffic: what only decides and watches gives way
 * to what carries requests, or a deploy would seem to slow them.
 */
export interface Starters {
  /** Envoys, Cilium's agents (each holds a service proxy), pods, clients. */
  readonly traffic: ProcessStarter;
  /** API servers and their stores, Temporal and its worker, Prometheus. */
  readonly control: ProcessStarter;
}

/** What the starting of a lab's parts needs. */
export interface Workbench {
  readonly spec: LabSpec;
  readonly slot: number;
  readonly dataDir: string;
  readonly starters: Starters;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** A cluster whose API server is ready. */
export interface ClusterWorkbench {
  readonly cluster: LabCluster;
  readonly api: ApiServer;
  readonly envoys: readonly { node: string; adminPort: number }[];
  readonly adminKubeconfig: string;
  readonly kubeconfig: string;
}
