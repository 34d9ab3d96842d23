/** Which judges look at an SLO, and what they keep from look to look. */
import type { Judged, JudgeInput } from '../judge.ts';
import { judgeKayenta, judgeTogether, type KayentaState } from '../kayenta/judge.ts';
import type { Evidence } from '../sequential/evidence.ts';
import { judgeSequential, type SequentialState } from '../sequential/judge.ts';
import type { JudgeSettings, Slo } from '../settings.ts';
import type { SloReading } from '../slo-reading.ts';
import type { ThresholdState } from '../threshold/threshold-tally.ts';
import { asThreshold, judgeThreshold } from '../threshold/threshold.ts';
import type { WatchSloInput } from './watch.ts';

/** By `<slo>/<source>/<judge>`, of one watch. Plain JSON. */
export type JudgeStates = Readonly<Record<string, unknown>>;

export interface SloJudge {
  readonly key: string;
  readonly settings: JudgeSettings;
  /** Only reports. */
  readonly shadow: boolean;
}

/** The one that decides first. */
export const judgesOf = (input: Pick<WatchSloInput, 'judge'>, slo: Slo): readonly SloJudge[] =>
  [slo.judge ?? input.judge, ...(slo.shadow ?? [])].map((settings, i) => ({
    key: `${slo.name}/${slo.source}/${i === 0 ? '' : `shadow ${i} `}${settings.type ?? 'threshold'}`,
    settings,
    shadow: i > 0,
  }));

/** Is this SLO compared edge by edge, with the old version's past beside it? */
export const comparesArms = (input: Pick<WatchSloInput, 'judge'>, slo: Slo): boolean =>
  judgesOf(input, slo).some(({ settings }) => settings.type === 'sequential');

export interface JudgedSlo {
  readonly readings: readonly SloReading[];
  readonly states: JudgeStates;
  /** The judge that decides says that waiting is useless. */
  readonly ends: boolean;
}

type SloCounts = Omit<JudgeInput<JudgeSettings>, 'settings'>;

type Watch = Pick<WatchSloInput, 'judge' | 'evidence'>;

/** Every SLO by its judges, in the order given. */
export const judgeSlos = (input: Watch, given: readonly SloCounts[], states: JudgeStates): readonly JudgedSlo[] => {
  const canary = judgeCanary(input, given, states);
  return given.map((one) => judgeSlo(input, one, { states, canary }));
};

/** SLOs of the plan's own kayenta judge are one canary. */
const judgeCanary = (
  { judge }: Watch,
  given: readonly SloCounts[],
  states: JudgeStates,
): ReadonlyMap<Slo, Judged<unknown>> => {
  if (judge.type !== 'kayenta') return new Map();
  const metrics = given.filter(({ slo }) => slo.judge === undefined);
  const stateOf = (slo: Slo): KayentaState | null => {
    const [deciding] = judgesOf({ judge }, slo) as [SloJudge];
    return (states[deciding.key] as KayentaState | undefined) ?? null;
  };
  const judged = judgeTogether(
    metrics.map((one) => ({ ...one, settings: judge })),
    metrics.map(({ slo }) => stateOf(slo)),
  );
  return new Map(judged.map((one, i) => [metrics[i]?.slo as Slo, one]));
};

interface Together {
  readonly states: JudgeStates;
  /** What the judge that decides says, where it judges several SLOs at once. */
  readonly canary: ReadonlyMap<Slo, Judged<unknown>>;
}

const judgeSlo = (input: Watch, given: SloCounts, { states, canary }: Together): JudgedSlo => {
  const judged = judgesOf(input, given.slo).map((judge) => {
    const own = (): Judged<unknown> =>
      run(judge, { ...given, settings: judge.settings }, { before: states[judge.key], input });
    const result = (judge.shadow ? undefined : canary.get(given.slo)) ?? own();
    const marks = {
      ...(judge.shadow ? { shadow: true as const } : {}),
      ...(judge.settings.type === 'kayenta' ? { judge: 'kayenta' as const } : {}),
    };
    const readings = result.readings.map((one) => ({ ...one, ...marks }));
    return { judge, readings, state: result.state, ends: !judge.shadow && result.ends === true };
  });
  return {
    readings: judged.flatMap(({ readings }) => readings),
    states: Object.fromEntries(judged.map(({ judge, state }) => [judge.key, state])),
    ends: judged.some(({ ends }) => ends),
  };
};

interface Kept {
  readonly before: unknown;
  readonly input: Watch;
}

const run = (judge: SloJudge, given: JudgeInput<JudgeSettings>, { before, input }: Kept): Judged<unknown> => {
  const { settings } = judge;
  if (settings.type === 'sequential') {
    const earlier = evidenceIn(input.evidence?.[judge.key]);
    const kept = keptEvidence(before);
    return judgeSequential({ ...given, settings }, kept === null ? null : { schema: 1, evidence: kept }, earlier);
  }
  if (settings.type === 'kayenta')
    return judgeKayenta({ ...given, settings }, (before as KayentaState | undefined) ?? null);
  return judgeThreshold({ ...given, settings: asThreshold(settings) }, (before as ThresholdState | undefined) ?? null);
};

/** Evidence of another version of Tidegate is not read: the rollout goes on as if this watch were its first. */
const evidenceIn = (payload: unknown): Evidence | null => {
  const evidence = payload as Partial<Evidence> | null | undefined;
  return evidence?.schema === 2 ? (evidence as Evidence) : null;
};

const keptEvidence = (state: unknown): Evidence | null =>
  evidenceIn((state as Partial<SequentialState> | undefined)?.evidence);

/** What the next watch of the same rollout goes on from, by judge. */
export const evidenceOf = (states: JudgeStates): Readonly<Record<string, Evidence>> =>
  Object.fromEntries(
    Object.entries(states).flatMap(([key, state]) => {
      const evidence = keptEvidence(state);
      return evidence === null ? [] : [[key, evidence] as const];
    }),
  );

/** End of the counts that every comparison has used, ms on the source's clock; null: one has used none. */
export const comparedToMs = (states: JudgeStates, clusters: readonly string[]): number | null => {
  const ends = Object.values(evidenceOf(states)).flatMap((evidence) =>
    clusters.map((cluster) => evidence.strata[cluster]?.toMs ?? null),
  );
  return ends.includes(null) ? null : Math.min(...ends.filter((ms) => ms !== null));
};

/** Serving clusters of which a comparison has not seen anything yet, not even their past. */
export const unseenClusters = (input: WatchSloInput, states: JudgeStates): readonly string[] => {
  const judges = input.slos
    .flatMap((slo) => judgesOf(input, slo))
    .filter(({ settings }) => settings.type === 'sequential');
  const known = evidenceOf(states);
  const evidences = judges.map(({ key }) => known[key] ?? evidenceIn(input.evidence?.[key]));
  return input.strata
    .map(({ serving }) => serving)
    .filter((serving) => evidences.some((evidence) => evidence?.strata[serving] === undefined));
};
