/** What a message says. People write messages by hand, in the Temporal UI too: whatever they send is read, and nothing throws. */
import { currentUpdateInfo } from '@temporalio/workflow';
import type { Said } from '../../core/rollout/machine/state.ts';
import { parseSteeredStep } from '../../core/rollout/steered-step.ts';
import { present, recordOf } from '../../core/values/json.ts';
import { parsePerson } from '../../core/values/person.ts';

export function saidIn(message: unknown): Said {
  const { reason, by, of } = recordOf(message);
  const step = parseSteeredStep(of);
  return {
    reason: typeof reason === 'string' ? reason : 'no reason given',
    ...present({ by: parsePerson(by), of: step, id: step === undefined ? undefined : currentUpdateInfo()?.id }),
  };
}

export function clusterIn(message: unknown): string {
  const { cluster } = recordOf(message);
  return typeof cluster === 'string' ? cluster : '';
}

export const breaksGlass = (message: unknown): boolean => recordOf(message)['breakGlass'] === true;
