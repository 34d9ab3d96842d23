/** What a click says: an action for one step of one run. Buttons that are not ours are refused one by one. */
import { type SteerData, eventTypes } from '../../../core/events/cloud-event.ts';
import { readJson } from '../../../core/events/parse/json-text.ts';
import { parseSteerData } from '../../../core/events/steer.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { Person } from '../../../core/values/person.ts';
import { idOf, saidEvent } from '../events.ts';
import { neededList, neededText, textAt } from '../payload.ts';
import type { Incoming } from '../sender.ts';

/** The id stays when somebody renames themselves; the name is for people. @throws HttpProblem 400 */
export function personOf(payload: unknown): Person {
  const id = neededText(payload, 'user.id');
  const shown = textAt(payload, 'user.username') || textAt(payload, 'user.name');
  return { name: shown === '' ? id : `${shown}/${id}`, how: 'slack' };
}

export function clicksOf(payload: Record<string, unknown>): readonly Incoming[] {
  const team = textAt(payload, 'team.id') || textAt(payload, 'user.team_id');
  const source = `https://slack.com/team/${team}`;
  return neededList(payload, 'actions').map((click, index): Incoming => {
    const data = steerDataOf(textAt(click, 'value'));
    const path = `actions[${index}].value`;
    if (data === undefined)
      return { problem: { status: 400, detail: `${path} is no button that Tidegate has made`, at: path } };
    return saidEvent({
      // A click is one by its time; Slack sends it once, and hosts in between may repeat it.
      id: idOf(textAt(payload, 'user.id'), textAt(click, 'action_id'), textAt(click, 'action_ts'), data),
      source,
      type: eventTypes.steered,
      subject: `${data.namespace}/${data.service}`,
      data,
    });
  });
}

/** undefined = it is none. The button carries the JSON of a SteerData; the reason may be left out. */
function steerDataOf(value: string): SteerData | undefined {
  const read = readJson(new TextEncoder().encode(value));
  if ('reason' in read) return undefined;
  try {
    return parseSteerData(read.value, 'pressed in Slack');
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Invalid') return undefined;
    throw error;
  }
}
