/** How a run ended as Temporal has it, and what a person does next. An outcome is the rollout's own word; a cut run has none. */
import { partFlag, partOf } from '../routing/part.ts';
import type { RolloutStatus } from '../rollout/machine/status.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import { settlerHint } from '../rollout/running.ts';

export interface EndedRun {
  readonly plan: Plan;
  readonly status: Pick<RolloutStatus, 'outcome'>;
  /** Temporal's status of the run in small letters: running, completed, failed, cancelled, terminated, timed_out. */
  readonly run: string;
}

export interface RunEnd {
  readonly text: string;
  /** What to do. */
  readonly fix: string;
}

const causes: Readonly<Record<string, string>> = {
  terminated: 'somebody terminated it, so it could put nothing back itself',
  timed_out: 'a workflow timeout ended it, which a rollout must not be given',
  failed: 'the workflow failed before it could put anything back itself',
  cancelled: 'it was cancelled before it could put anything back itself',
};

/** Ended without an outcome: what it had written stays as it is until the settler comes. */
export const isCut = ({ status, run }: EndedRun): boolean => status.outcome === null && run !== 'running';

/** null: it runs, or its outcome says everything. */
export function runEnd(ended: EndedRun): RunEnd | null {
  const { plan, run, status } = ended;
  const { service } = plan.service;
  const flag = partFlag(partOf(plan));
  if (isCut(ended)) {
    const words = run.replace('_', ' ');
    const why = causes[run];
    return {
      text: `the rollout ended as ${words}, without an outcome${why === undefined ? '' : `: ${why}`}`,
      fix:
        plan.kind === 'release'
          ? `tidegate release ${service} goes on where it ended`
          : settlerHint(service, partOf(plan)),
    };
  }
  if (status.outcome !== 'restored' || (run !== 'failed' && run !== 'cancelled')) return null;
  return run === 'failed'
    ? {
        text: 'the run failed, and the traffic is back',
        fix: `mend the cause, then: tidegate rollout retry ${service}${flag}`,
      }
    : {
        text: 'the run was cancelled, and the traffic is back',
        fix: `start it again: tidegate rollout retry ${service}${flag}`,
      };
}
