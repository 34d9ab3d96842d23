/**
 * core/events/out: what rollouts tell the world, as CloudEvents 1.0.
 *
 *   states of a run ──newsOf──► News ──newsEvent──► CloudEvent ──withCdEvents──► + CDEvents ──formats──► a request to a sink
 *   the end of anything ──endEvent──────────────────────┘
 *
 * A workflow makes Tidegate's own events only: histories stay small. The CDEvents that follow from them, and the words of
 * Slack and others, are made where they are sent. Every id follows from the run and the place in it, so that an event
 * that is sent twice has the same id twice. Nothing here does I/O or reads a clock.
 */
import type { RunOutcome, Ended } from '../../rollout/outcome.ts';
import { instantText } from '../../values/instant.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { Moved } from './moved.ts';

/** What happens in a run, by the last word of the event's type. */
export const newsKinds = [
  'started',
  /** The version is made ready in the clusters of a wave. */
  'wave-started',
  /** The share of a step is written in all its clusters. */
  'step',
  'wave-finished',
  /** No verdict: a person is asked. Neither good nor bad. */
  'held',
  /** The evidence is good, and a person must approve. */
  'gated',
  'paused',
  /** A freeze window is closed: the next step waits for its end. Told again, when it was looked at again. */
  'frozen',
  /** It goes on after it was held, gated or paused. */
  'resumed',
  'breached',
  /** It goes back for another reason than a breach: an abort, an error, a cancellation. */
  'restoring',
  /** What was to go back is back, and proven by the traffic as far as there is any. */
  'restored',
  'ended',
] as const;

export type NewsKind = (typeof newsKinds)[number];

const PREFIX = 'dev.tidegate.rollout.';

export const newsType = (kind: NewsKind): string => `${PREFIX}${kind}`;

/** Of a settler, which puts in order what no run owns. */
export const SETTLER_ENDED = 'dev.tidegate.settler.ended';

/** undefined: it is no event of a run. */
export const newsKindOf = (type: string): NewsKind | undefined => newsKinds.find((kind) => newsType(kind) === type);

/** The data of every event of a run. */
export interface RunNews {
  readonly installation: string;
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
  readonly part: Ended['part'];
  readonly kind: Ended['kind'];
  readonly version: string;
  readonly run: { readonly workflowId: string; readonly runId: string };
  /** Serving clusters that it is about: those of the wave, or of the whole run. */
  readonly clusters: readonly string[];
  /** From 1; 0 = it had come to none. */
  readonly wave: number;
  readonly waves: number;
  /** '' = none. */
  readonly waveName: string;
  readonly step: number;
  readonly steps: number;
  /** Share of the version per serving cluster, ppm. */
  readonly shares: Readonly<Record<string, number>>;
  /** '' = none was asked for. */
  readonly verdict: 'healthy' | 'breach' | 'unknown' | '';
  /** One sentence. */
  readonly reason: string;
  /** '' until it has ended. */
  readonly outcome: RunOutcome | '';
  readonly cause: Ended['cause'];
  /** Code of the failure; '' = none. */
  readonly code: string;
  /** Clusters that it goes on, or has ended, without. */
  readonly absent: readonly string[];
  /** With the end: which build each cluster has now. */
  readonly moved: readonly Moved[];
}

export interface Occurrence {
  readonly type: string;
  readonly atMs: number;
  /** Of the place in the run: with the run's id it names the event. */
  readonly at: string;
  readonly news: RunNews;
  /** W3C trace context of the event that began it all; '' = none. */
  readonly traceparent: string;
}

const sourceOf = ({ installation, mesh, namespace, service }: Omit<RunNews, 'run'>): string =>
  `/tidegate/${[installation, mesh, namespace, service].map((word) => encodeURIComponent(word === '' ? '-' : word)).join('/')}`;

export const newsEvent = ({ type, atMs, at, news, traceparent }: Occurrence): CloudEvent => ({
  specversion: '1.0',
  id: `${news.run.runId}/${at}`,
  source: sourceOf(news),
  type,
  subject: news.run.workflowId,
  time: instantText(atMs),
  datacontenttype: 'application/json',
  data: news,
  extensions: traceparent === '' ? {} : { traceparent },
});

/** The data of an event that Tidegate has made. */
export const newsIn = ({ data }: CloudEvent): RunNews => data as RunNews;
