/**
 * handleEvent: what becomes of one event, by one trigger, for one service.
 * Guarantees: its id is the event's, so that an event that comes twice does nothing twice, within the namespace's retention
 * at least. It takes no fact from the event but what to look at: the activity lists the tags, reads what is proven, and the
 * image goes by digest. What was refused is its result, with the reason, and no failure: it fails only where nobody could
 * be asked for a quarter of an hour, or by a bug, and then the same event may be sent again.
 * Timers: none. Messages: none.
 */
import {
  ApplicationFailure,
  executeChild,
  proxyActivities,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import {
  eventMemo,
  handleEventWorkflowId,
  type FindStepInput,
  type HandleEventInput,
  type HandleEventResult,
  type ReactToResult,
} from '../core/contract/events.ts';
import type { StartRolloutInput } from '../core/contract/messages.ts';
import { taskQueue } from '../core/contract/queues.ts';
import type { SteeredStep } from '../core/events/cloud-event.ts';
import type { Reaction } from '../core/events/reaction.ts';
import type { Change } from '../core/rollout/change.ts';
import { isRefusal } from '../core/values/error.ts';
import { personText } from '../core/values/person.ts';
import { positiveNames } from '../core/values/share.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { describeFailure, toWorkflowFailure } from './failures.ts';
import { installation } from './installation.ts';
import { readClusters } from './read-clusters.ts';
import { searchAttributes } from './search-attributes.ts';
import { startRollout } from './start-rollout.ts';
import { tracedMemo } from './told/trace.ts';

const options = activityOptions(noPlan, installation());
const { reactTo } = proxyActivities<RolloutActivities>({ ...options.reactTo, summary: 'what does the trigger say?' });
const { chooseImage } = proxyActivities<RolloutActivities>({
  ...options.chooseImage,
  summary: 'which tag is the newest?',
});
const { resolveImage } = proxyActivities<RolloutActivities>({
  ...options.resolveImage,
  summary: 'which digest has the tag?',
});
const { findStep } = proxyActivities<RolloutActivities>({ ...options.findStep, summary: 'which run is it about?' });
const { steerRun } = proxyActivities<RolloutActivities>({ ...options.steerRun, summary: 'tell the running rollout' });

export async function handleEvent(input: HandleEventInput): Promise<HandleEventResult> {
  // A person may start it by hand, without the memo of the front door.
  upsertMemo({ event: { ...eventMemo(input) } });
  try {
    return tell(input, await handled(input));
  } catch (error) {
    const { code, message } = describeFailure(error);
    // What is forbidden, or foreign, stays so: the same event once more would change nothing.
    if (!isRefusal(code) && code !== 'Forbidden') throw toWorkflowFailure(error);
    return tell(input, { ...nothing, outcome: 'refused', reason: message });
  }
}

const nothing = { workflowId: '', runId: '' };

/** For those who list handled events: what has become of it. */
function tell({ namespace, service }: HandleEventInput, result: HandleEventResult): HandleEventResult {
  upsertMemo({ handled: { ...result } });
  upsertSearchAttributes([
    { key: searchAttributes.service, value: `${namespace}/${service}` },
    { key: searchAttributes.state, value: result.outcome },
  ]);
  return result;
}

async function handled(input: HandleEventInput): Promise<HandleEventResult> {
  const { mesh, namespace, service } = input;
  if (mesh === '')
    throw ApplicationFailure.nonRetryable(`there is no Service document for ${namespace}/${service}`, 'Invalid');
  const reacting = await reactTo(input);
  const { reaction } = reacting;
  switch (reaction.kind) {
    case 'choose':
      return choose(input, reacting, reaction);
    case 'deploy': {
      const { version, image, onConflict } = reaction;
      const whole = image === '' || image.includes('@sha256:') ? image : await resolveImage({ mesh, image });
      return start(input, { change: deployOf(version, whole), onConflict, reason: reaction.reason });
    }
    case 'undo':
      return start(input, { change: { kind: 'undo' }, reason: reaction.reason });
    case 'steer':
      return steer(input, reacting, { saying: reaction.saying, of: reaction.of });
    case 'alert':
      return steer(input, reacting, { saying: 'alert', of: null });
  }
}

const deployOf = (version: string, image: string): Change => ({
  kind: 'deploy',
  version,
  ...(image !== '' && { image }),
});

async function choose(
  input: HandleEventInput,
  { service, clusters }: ReactToResult,
  { repository, policy, onConflict, reason }: Extract<Reaction, { kind: 'choose' }>,
): Promise<HandleEventResult> {
  const read = await readClusters({ service, clusters });
  const proven = read.clusters.flatMap(({ record }) =>
    Object.values(record?.versions.proven ?? {}).flatMap(positiveNames),
  );
  const chosen = await chooseImage({ mesh: service.mesh, repository, policy, proven: [...new Set(proven)].sort() });
  if (chosen.image === '')
    return { ...nothing, outcome: chosen.refused ? 'refused' : 'ignored', reason: chosen.reason };
  return start(input, {
    change: deployOf(chosen.version, chosen.image),
    onConflict,
    reason: `${chosen.reason}; ${reason}`,
  });
}

interface Wanted extends Pick<StartRolloutInput, 'change' | 'onConflict'> {
  readonly reason: string;
}

async function start(input: HandleEventInput, { reason, ...wanted }: Wanted): Promise<HandleEventResult> {
  const { mesh, namespace, service, by, trigger } = input;
  const asked: StartRolloutInput = { mesh, namespace, service, ...wanted, by: `${personText(by)}, trigger ${trigger}` };
  const answer = await executeChild(startRollout, {
    workflowId: `${handleEventWorkflowId(installation(), input)}:start`,
    args: [asked],
    ...tracedMemo(),
    taskQueue: taskQueue(installation(), 'control'),
    workflowExecutionTimeout: '5m',
    staticSummary: `${wanted.change.kind} ${service}, by an event`,
  });
  if (!('queued' in answer)) {
    const { workflowId, runId } = answer;
    return { outcome: 'started', reason, workflowId, runId };
  }
  const { workflowId, runId, text } = answer.queued;
  return { outcome: 'queued', reason: `${text}; ${reason}`, workflowId, runId };
}

async function steer(
  { by }: HandleEventInput,
  { service, reaction }: ReactToResult,
  { saying, of: named }: { readonly saying: FindStepInput['saying']; readonly of: SteeredStep | null },
): Promise<HandleEventResult> {
  const { workflowId: updateId, startTime } = workflowInfo();
  const found =
    named === null ? await findStep({ service, saying, acceptedAtMs: startTime.getTime() }) : { of: named, reason: '' };
  if (found.of === null) return { ...nothing, outcome: 'refused', reason: found.reason };
  const { of } = found;
  const { refused, ...run } = await steerRun({ service, saying, of, by, reason: reaction.reason, updateId });
  if (refused === '') return { ...run, outcome: 'steered', reason: `${saying}: ${reaction.reason}` };
  return { ...run, outcome: 'refused', reason: refused };
}
