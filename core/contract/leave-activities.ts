/** Inputs and results of the activities that a step forward asks for leave. */
import type { Change } from '../rollout/change.ts';
import type { ServiceRef } from '../routing/service-ref.ts';

export interface ReadWindowsInput {
  readonly service: ServiceRef;
}

/** What a gate is asked before a step. */
export interface GateQuestion {
  /** One that the Service document names: no other is called. */
  readonly url: string;
  /** An answer that has not come by then, from the first question on, is a refusal, ms. */
  readonly timeoutMs: number;
  readonly kind: Change['kind'];
  readonly version: string;
  /** Serving clusters that the step moves. */
  readonly clusters: readonly string[];
  /** Share of the new version there, after it. */
  readonly sharePpm: number;
  /** From 0. */
  readonly wave: number;
  readonly step: number;
}

export interface AskGateInput {
  readonly service: ServiceRef;
  readonly question: GateQuestion;
}

export interface AskGateResult {
  readonly go: boolean;
  /** In the words of the gate; '' = it has said nothing. */
  readonly reason: string;
}
