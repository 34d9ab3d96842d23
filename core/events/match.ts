/** Which triggers an event fits, and which services they act on: one match for each, and a reason where there is none. */
import { compileExpression, type Expression } from '../cel/expression.ts';
import type { ServiceAddress, TriggerConfig } from '../config/events/types.ts';
import { refuse, TidegateError } from '../values/error.ts';
import { fieldAt } from '../values/json.ts';
import type { Person } from '../values/person.ts';
import { shownValue } from '../values/shown-value.ts';
import type { CloudEvent } from './cloud-event.ts';

export interface HeardEvent {
  readonly event: CloudEvent;
  /** Name of the Sender document. */
  readonly sender: string;
  readonly by: Person;
}

export interface Match extends ServiceAddress {
  readonly trigger: string;
}

/** What one trigger says of an event. */
export interface TriggerLook {
  readonly trigger: string;
  /** Its value; `unheard`: the sender is not one of the trigger's. */
  readonly filter: 'unheard' | 'true' | 'false' | 'failed';
  /** Why the filter or the list of services has no value; '' = they have. With expression and value. */
  readonly failure: string;
  readonly services: readonly ServiceAddress[];
}

export interface Matcher {
  /** Expressions are compiled once, for as many events as come. */
  match(heard: HeardEvent): { readonly matches: readonly Match[]; readonly looks: readonly TriggerLook[] };
}

/** Services that one event may reach by one trigger. */
const MOST_SERVICES = 100;

export function createMatcher(triggers: readonly TriggerConfig[]): Matcher {
  const looking = triggers.map((trigger) => lookWith(trigger));
  return {
    match: (heard) => {
      const looks = looking.map((look) => look(heard));
      const matches = looks.flatMap(({ trigger, services }) => services.map((service) => ({ ...service, trigger })));
      return { matches, looks };
    },
  };
}

/** What expressions may speak of. */
export const variablesOf = ({ event, sender, by }: HeardEvent): Readonly<Record<string, unknown>> => {
  const { extensions, dataBase64: _bytes, ...attributes } = event;
  return { event: { ...extensions, ...attributes }, sender, person: by };
};

function lookWith(trigger: TriggerConfig): (heard: HeardEvent) => TriggerLook {
  const { name, senders, filter, services } = trigger;
  const filters = filter === '' ? undefined : compileExpression(filter);
  const listed = 'cel' in services ? compileExpression(services.cel) : services;
  return (heard) => {
    const look = { trigger: name, failure: '', services: [] };
    if (!senders.includes(heard.sender)) return { ...look, filter: 'unheard' };
    const variables = variablesOf(heard);
    try {
      if (filters !== undefined && !isTrue(filters, variables)) return { ...look, filter: 'false' };
    } catch (error) {
      return { ...look, filter: 'failed', failure: failureOf(error) };
    }
    try {
      return { ...look, filter: 'true', services: servicesOf(trigger, listed, { heard, variables }) };
    } catch (error) {
      return { ...look, filter: 'true', failure: failureOf(error) };
    }
  };
}

const failureOf = (error: unknown): string => {
  if (error instanceof TidegateError) return `${error.message} (${error.fix})`;
  throw error;
};

function isTrue(filter: Expression, variables: Readonly<Record<string, unknown>>): boolean {
  const value = filter.evaluate(variables);
  if (typeof value === 'boolean') return value;
  return refuse(
    'Invalid',
    `\`${filter.text}\` is ${shownValue(value)}, and not true or false`,
    'compare it with something',
  );
}

interface Given {
  readonly heard: HeardEvent;
  readonly variables: Readonly<Record<string, unknown>>;
}

function servicesOf(
  { action }: TriggerConfig,
  listed: Expression | readonly ServiceAddress[],
  { heard, variables }: Given,
): readonly ServiceAddress[] {
  if ('evaluate' in listed) return addressesOf(listed, variables);
  if (listed.length > 0 || action.type !== 'steered') return listed;
  const { data } = heard.event;
  const [namespace, name] = [fieldAt(data, 'namespace'), fieldAt(data, 'service')];
  if (typeof namespace === 'string' && typeof name === 'string') return [{ namespace, name }];
  return refuse(
    'Invalid',
    'the event does not name a service (data.namespace, data.service)',
    'send dev.tidegate.steered',
  );
}

function addressesOf(listed: Expression, variables: Readonly<Record<string, unknown>>): readonly ServiceAddress[] {
  const value = listed.evaluate(variables);
  const wrong = (): never =>
    refuse(
      'Invalid',
      `\`${listed.text}\` is ${shownValue(value)}, and not a list of at most ${MOST_SERVICES} texts namespace/name`,
      'for example ["shop/" + event.data.labels.service]',
    );
  if (!Array.isArray(value) || value.length > MOST_SERVICES) return wrong();
  const addresses = value.map((one: unknown): ServiceAddress => {
    const [namespace = '', name = '', more] = typeof one === 'string' ? one.split('/') : [];
    return namespace === '' || name === '' || more !== undefined ? wrong() : { namespace, name };
  });
  // Twice in the list is once: it is one event for one service.
  return [...new Map(addresses.map((one) => [`${one.namespace}/${one.name}`, one])).values()];
}
