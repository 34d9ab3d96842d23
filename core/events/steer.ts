/** A person's word that came as an event or by a link → the one update of the one run that it is about. */
import { digestOf } from '../values/canonical.ts';
import { refuse } from '../values/error.ts';
import { recordOf } from '../values/json.ts';
import { shownValue } from '../values/shown-value.ts';
import type { Person } from '../values/person.ts';
import { parseSteeredStep, unnamedIn, type SteeredStep } from '../rollout/steered-step.ts';
import type { Saying, SteerData } from './cloud-event.ts';

/** An update to a rollout, for whoever has a client of Temporal. */
export interface Steering {
  readonly workflowId: string;
  /** That run and no other: the server refuses it for every other one. */
  readonly runId: string;
  /** Name of the update, as in core/contract. */
  readonly update: Saying;
  /** The same for the same word: Temporal takes it once. */
  readonly updateId: string;
  readonly input: {
    readonly reason: string;
    readonly of: SteeredStep;
    readonly by: Person;
    /** Of a promotion: of this step, and not of all that follow. */
    readonly full?: false;
  };
}

export interface SteeredBy {
  readonly by: Person;
  /** Source and id of the event, or the id of the link. */
  readonly id: string;
}

/** @throws TidegateError Invalid: it names a run of another service. */
export function steeringOf({ action, namespace, service, step, reason }: SteerData, { by, id }: SteeredBy): Steering {
  const { workflowId, runId } = step;
  // Ids of 0.1.0 have slashes where today's have colons.
  const [kind, ...words] = workflowId.split(/[:/]/);
  if (kind !== 'rollout' || words.at(-3) !== namespace || words.at(-2) !== service) {
    refuse(
      'Invalid',
      `${workflowId} is no rollout of ${namespace}/${service}`,
      'send what the button or the link was made with, unchanged',
    );
  }
  const input = { reason, of: step, by, ...(action === 'promote' && { full: false as const }) };
  return { workflowId, runId, update: action, updateId: steerId(id), input };
}

/** Of the update that an event or a link causes. */
export const steerId = (id: string): string => `steer:${digestOf(id)}`;

export const sayings: readonly Saying[] = ['approve', 'abort', 'promote', 'pause', 'resume'];

/** Longest text of any name, characters: what is longer was written by nobody. A reason is cut there. */
const TEXT_MAX = 1_000;

/**
 * What a button, a link or an event of type `dev.tidegate.steered` carries, whoever brings it.
 * @param unsaid the reason where none is given
 * @throws TidegateError Invalid, with the field
 */
export function parseSteerData(sent: unknown, unsaid = 'no reason given'): SteerData {
  const { action, namespace, service, step, reason } = recordOf(sent);
  const wanted = sayings.find((one) => one === action);
  if (wanted === undefined)
    refuse('Invalid', `data.action is ${shownValue(action)}, which is no action`, `send one of ${sayings.join(', ')}`);
  const of = parseSteeredStep(step);
  const { workflowId, runId } = recordOf(step);
  if (of === undefined || !isText(workflowId) || !isText(runId)) {
    refuse('Invalid', 'data.step names no run', 'send {"workflowId", "runId", "wave", "step"} as they were given');
  }
  const unnamed = unnamedIn(step);
  if (unnamed !== '')
    refuse('Invalid', `data.step names no step: ${unnamed}`, 'send wave and step as whole numbers; -1 for any');
  if (!isText(namespace)) refuse('Invalid', 'data.namespace is no name', 'name the namespace of the service');
  if (!isText(service)) refuse('Invalid', 'data.service is no name', 'name the service');
  const said = typeof reason === 'string' ? reason.slice(0, TEXT_MAX) : '';
  return { action: wanted, namespace, service, step: of, reason: said === '' ? unsaid : said };
}

const isText = (one: unknown): one is string => typeof one === 'string' && one !== '' && one.length <= TEXT_MAX;
