/** The state as readers see it (query `status`, CLI, UI). */
import type { RolloutStatus } from '../contract/messages.ts';
import type { Plan } from '../contract/plan.ts';
import type { RolloutState } from './state.ts';

export function statusOf(plan: Plan, state: RolloutState): RolloutStatus {
  return {
    service: `${plan.service.namespace}/${plan.service.service}`,
    kind: plan.kind,
    version: plan.version,
    phase: state.phase,
    outcome: state.outcome,
    reason: state.reason,
    wave: state.wave + 1,
    waves: plan.waves.length,
    step: state.step + 1,
    steps: plan.waves[state.wave]?.steps.length ?? 0,
    shares: { ...state.shares },
    readings: [...state.readings],
    proof: state.proof,
    takenBack: [...state.takenBack],
    outstanding: [...state.outstanding],
    since: state.since,
    moments: { ...state.moments },
  };
}
