/** A rollout that holds the lock of a service, as others are told of it. */
import { partFlag, type Part } from '../routing/part.ts';
import type { RolloutStatus } from './machine/status.ts';

export type RunningStatus = Pick<
  RolloutStatus,
  'service' | 'kind' | 'version' | 'phase' | 'outcome' | 'reason' | 'wave' | 'waves' | 'step' | 'steps'
> &
  Partial<Pick<RolloutStatus, 'cause' | 'since'>>;

export interface RunningRollout {
  readonly workflowId: string;
  readonly runId: string;
  /** null: it did not answer in time. */
  readonly status: RunningStatus | null;
}

/** `deploy of v2, baking (wave 1 of 2, step 1 of 3): watching for 10 s`. */
export function standText({ kind, version, phase, outcome, wave, waves, step, steps, reason }: RunningStatus): string {
  const at = waves > 0 && steps > 0 ? ` (wave ${wave} of ${waves}, step ${Math.max(0, step)} of ${steps})` : '';
  return `${kind} of ${version}, ${outcome ?? phase}${at}: ${reason}`;
}

/** … with the workflow's id, as far as it is known. */
export const runningText = ({ workflowId, status }: RunningRollout): string =>
  status === null ? `${workflowId} (it did not answer)` : `${workflowId}, ${standText(status)}`;

export const watchHint = (service: string, part: Part = 'versions'): string =>
  `watch it: tidegate rollout watch ${service}${partFlag(part)}; stop it: tidegate rollout abort ${service}${partFlag(part)}`;

/** What is half moved and owned by no run. */
export const settlerHint = (service: string, part: Part = 'versions'): string =>
  `the settler puts it back by itself (how far it is: tidegate audit ${service}); at once: tidegate restore ${service}${partFlag(part)}`;

/** Beside a plan or a refusal: what it holds for. */
export const runningNotes = (
  service: string,
  running: RunningRollout | undefined,
  part: Part = 'versions',
): string[] =>
  running === undefined
    ? []
    : [
        `a rollout of this service is running, and a start is refused until it has ended: ${runningText(running)}. This plan begins at what is proven, as if that rollout went back (${watchHint(service, part)})`,
      ];
