/** The state as readers see it (query `status`, CLI, UI). */
import type { VerifyRoutingResult } from '../../judge/proof/proof.ts';
import type { SloReading } from '../../judge/slo-reading.ts';
import type { Change } from '../change.ts';
import type { Plan } from '../plan/plan.ts';
import type { Absence } from '../../routing/record.ts';
import type { Acted, ClusterBack, RolloutState, Phase, Outcome, Moments } from './state.ts';

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
    back: { ...state.back },
    absent: { ...state.absent },
    cause: state.cause,
    ...(state.acted.length > 0 && { acted: [...state.acted] }),
    since: state.since,
    moments: { ...state.moments },
  };
}

export interface RolloutStatus {
  readonly service: string;
  readonly kind: Change['kind'];
  readonly version: string;
  readonly phase: Phase;
  readonly outcome: Outcome | null;
  /** Why the phase is what it is: one sentence. */
  readonly reason: string;
  readonly wave: number;
  readonly waves: number;
  readonly step: number;
  readonly steps: number;
  /** Share of the new version per serving cluster now, ppm. */
  readonly shares: Readonly<Record<string, number>>;
  readonly readings: readonly SloReading[];
  readonly proof: VerifyRoutingResult | null;
  /** Clusters that were taken back alone. */
  readonly takenBack: readonly string[];
  /** Clusters still to be written in a restore. */
  readonly outstanding: readonly string[];
  /** How far each client cluster of a restore is. Missing: said by an older worker. */
  readonly back?: Readonly<Record<string, ClusterBack>>;
  /** Clusters that the run goes on, or has ended, without. Missing: said by an older worker. */
  readonly absent?: Readonly<Record<string, Absence>>;
  /** Messages that named a moment and acted, the newest last. Absent: none has. */
  readonly acted?: readonly Acted[];
  readonly since: number;
  readonly moments: Moments;
  /** What ended the way forward. Missing: said by an older worker. */
  readonly cause?: RolloutState['cause'];
}
