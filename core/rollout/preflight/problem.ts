/** What a preflight finds, and what it is asked. */
import type { LoadedConfig } from '../../config/types.ts';
import type { FailureCode } from '../../values/error.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import type { Part } from '../../routing/part.ts';
import type { Change } from '../change.ts';
import type { RunningRollout } from '../running.ts';

export interface Problem {
  readonly code: FailureCode;
  readonly text: string;
  readonly fix: string;
}

export interface Asked {
  readonly config: LoadedConfig;
  readonly facts: readonly ClusterFacts[];
  readonly change: Change;
  /** A rollout of this part of the service that runs: the change is planned for after it, and is not started. */
  readonly running?: RunningRollout;
  /** Rollouts of other parts of it that run: they own what they have moved. Absent: nobody was asked. */
  readonly beside?: Readonly<Partial<Record<Part, RunningRollout>>>;
}
