/** A cluster is taken out of the traffic of many services, or comes back: what is asked, and how far each service is. */

export interface DrainInput {
  readonly cluster: string;
  readonly does: 'drain' | 'restore';
  readonly mesh?: string;
  /** Services of this namespace only; absent: of all. */
  readonly namespace?: string;
  /** This one only; absent: all that call the cluster. */
  readonly service?: string;
  /** Clusters that will not answer: their clients' records stay as they are. Absent: none. */
  readonly without?: readonly string[];
  /** Who asks, as they call themselves. */
  readonly by?: string;
}

/** left: not done, and the text says why. */
export type DrainPhase = 'queued' | 'waiting' | 'moving' | 'sharing' | 'done' | 'left';

export interface DrainedService {
  /** `shop/checkout`. */
  readonly service: string;
  readonly phase: DrainPhase;
  /** What it waits for, or what was done: one sentence. */
  readonly text: string;
  /** Its topology rollout; '' = none was started. */
  readonly workflowId: string;
}

export interface DrainStatus {
  /** '' = not known yet. */
  readonly mesh: string;
  readonly cluster: string;
  readonly does: DrainInput['does'];
  readonly services: readonly DrainedService[];
}
