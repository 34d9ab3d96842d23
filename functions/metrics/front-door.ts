/** What the front door counts. Labels are names of config documents and statuses: strangers cannot make series up. */
import { createRegistry, type Counter, type Histogram } from './exposition.ts';

export interface FrontDoorMetrics {
  /** sender ('' = none was found), status. */
  readonly requests: Counter;
  /** sender, outcome: matched, unmatched, duplicate, refused. */
  readonly events: Counter;
  /** trigger. */
  readonly failedFilters: Counter;
  /** Seconds from the head of a request to its answer; route. */
  readonly requestSeconds: Histogram;
  /** The same without waiting for the body and for Temporal; route. */
  readonly ownSeconds: Histogram;
  text(): string;
}

/** Seconds. */
const bounds = [0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30];

export function createMetrics(): FrontDoorMetrics {
  const registry = createRegistry();
  return {
    requests: registry.counter('tidegate_front_door_requests_total', 'Requests with events, by sender and status.'),
    events: registry.counter('tidegate_front_door_events_total', 'Events, by sender and what became of them.'),
    failedFilters: registry.counter(
      'tidegate_front_door_filter_failures_total',
      'Filters of triggers without a value.',
    ),
    requestSeconds: registry.histogram('tidegate_front_door_request_seconds', 'Whole time of a request.', bounds),
    ownSeconds: registry.histogram(
      'tidegate_front_door_own_seconds',
      'Time of a request without waiting for its body and for Temporal.',
      bounds,
    ),
    text: () => registry.text(),
  };
}
