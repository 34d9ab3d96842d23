/** What an event asks for, by the config of now: one input per trigger and service. */
import type { HandleEventInput } from '../../core/contract/events.ts';
import { createMatcher, type HeardEvent, type Matcher } from '../../core/events/match.ts';
import type { FrontDoorConfig } from '../deps.ts';

/** A filter, or a list of services, without a value. */
export interface FailedFilter {
  readonly trigger: string;
  /** With expression and value. */
  readonly reason: string;
}

export interface Matching {
  readonly inputs: readonly HandleEventInput[];
  readonly failures: readonly FailedFilter[];
}

/** Expressions are compiled once per config. */
const matchers = new WeakMap<FrontDoorConfig['events'], Matcher>();

function matcherOf(events: FrontDoorConfig['events']): Matcher {
  const known = matchers.get(events) ?? createMatcher(events.triggers);
  matchers.set(events, known);
  return known;
}

export function matchEvent(heard: HeardEvent, { events, services }: FrontDoorConfig): Matching {
  const { matches, looks } = matcherOf(events).match(heard);
  const meshOf = (namespace: string, name: string): string =>
    services.find((one) => one.namespace === namespace && one.service === name)?.mesh ?? '';
  return {
    // A service that the config does not know is handed over, too: its handling refuses it, where people see it.
    inputs: matches.map(({ trigger, namespace, name }) => ({
      ...heard,
      ...{ trigger, mesh: meshOf(namespace, name), namespace, service: name },
    })),
    failures: looks.flatMap(({ trigger, failure }) => (failure === '' ? [] : [{ trigger, reason: failure }])),
  };
}
