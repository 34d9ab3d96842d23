import type { ApiServer } from './apiservers.ts';
import type { LabSpec } from './lab-state.ts';
import type { LabCluster } from './mesh.ts';
import type { ProcessStarter } from './process.ts';

/** What the starting of a lab's parts needs. */
export interface Bench {
  readonly spec: LabSpec;
  readonly slot: number;
  readonly dataDir: string;
  readonly starter: ProcessStarter;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** A cluster whose API server is ready. */
export interface ClusterBench {
  readonly cluster: LabCluster;
  readonly api: ApiServer;
  readonly envoys: readonly { node: string; adminPort: number }[];
  readonly adminKubeconfig: string;
  readonly kubeconfig: string;
}
