/** What the front door asks of Temporal: one workflow per event, trigger and service. */
import type { TagPolicy } from '../config/events/types.ts';
import type { CloudEvent, Saying, SteeredStep } from '../events/cloud-event.ts';
import type { Reaction } from '../events/reaction.ts';
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import { digestOf } from '../values/canonical.ts';
import type { Person } from '../values/person.ts';
import type { IdScheme } from './installation.ts';
import { workflowIdOf } from './workflow-ids.ts';

export interface HandleEventInput {
  readonly event: CloudEvent;
  /** Name of the Sender document. */
  readonly sender: string;
  readonly by: Person;
  /** Name of the Trigger document. */
  readonly trigger: string;
  /** '' = no Mesh document has the service: it is refused. */
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
}

/** failed: the handling itself broke, which its workflow tells. */
export type HandledOutcome = 'started' | 'queued' | 'steered' | 'ignored' | 'refused' | 'failed';

export interface HandleEventResult {
  readonly outcome: HandledOutcome;
  /** One sentence. */
  readonly reason: string;
  /** Of the rollout that was started or spoken to, or of what holds the waiting change; '' = none. */
  readonly workflowId: string;
  readonly runId: string;
}

/** Memo of a handled event under the name `event`, for those who list them: its history need not be read. */
export interface EventMemo {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly sender: string;
  readonly by: Person;
  readonly trigger: string;
  /** `shop/checkout` */
  readonly service: string;
}

export const eventMemo = ({ event, sender, by, trigger, namespace, service }: HandleEventInput): EventMemo => ({
  ...{ id: event.id, source: event.source, type: event.type },
  ...{ sender, by, trigger, service: `${namespace}/${service}` },
});

/** The same event, for the same service by the same trigger, has the same one: it is handled once. */
export const handleEventWorkflowId = (scheme: IdScheme, { event, trigger, namespace, service }: HandledEvent): string =>
  workflowIdOf(scheme, 'event', eventHash({ event, trigger, namespace, service }));

/** What makes two events the same one, for one trigger and one service. */
interface HandledEvent extends Pick<HandleEventInput, 'trigger' | 'namespace' | 'service'> {
  readonly event: Pick<CloudEvent, 'source' | 'id'>;
}

const eventHash = ({ event, ...of }: HandledEvent): string =>
  digestOf({ source: event.source, id: event.id, ...of })
    .replace(/^sha256:/u, '')
    .slice(0, 32);

export type ReactToInput = HandleEventInput;

export interface ReactToResult {
  readonly reaction: Reaction;
  readonly service: ServiceRef;
  readonly clusters: readonly ClusterRef[];
}

export interface ChooseImageInput {
  readonly mesh: string;
  /** Without tag. */
  readonly repository: string;
  readonly policy: TagPolicy;
  /** Versions that are proven, in whichever cluster. */
  readonly proven: readonly string[];
}

/** `image` '' = none is deployed, and why. Its tag and its digest otherwise: `ghcr.io/acme/checkout:1.2.3@sha256:…`. */
export interface ChosenImage {
  readonly image: string;
  readonly version: string;
  readonly reason: string;
  readonly refused: boolean;
}

export interface ResolveImageInput {
  readonly mesh: string;
  /** With a tag, and without a digest. */
  readonly image: string;
}

export interface FindStepInput {
  readonly service: ServiceRef;
  readonly saying: Saying | 'alert';
  /** When the event was accepted, ms since the epoch: it is not about a run that has begun since. */
  readonly acceptedAtMs: number;
}

export interface FoundStep {
  /** null: there is nothing to say it to, and why. */
  readonly of: SteeredStep | null;
  readonly reason: string;
}

export interface SteerRunInput {
  readonly service: ServiceRef;
  /** alert: the signal; all else is an update. */
  readonly saying: Saying | 'alert';
  readonly reason: string;
  readonly by: Person;
  readonly of: SteeredStep;
  /** The event's: however often it is said, it is said once. */
  readonly updateId: string;
}

export interface SteerRunResult {
  /** Why nothing was done; '' = it was. */
  readonly refused: string;
  readonly workflowId: string;
  readonly runId: string;
}
