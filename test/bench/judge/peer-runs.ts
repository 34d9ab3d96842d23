/** The same counts through every judge: what each would decide, when, and what that costs. */
import type { Total } from '../../../core/judge/arms/arms.ts';
import type { Judged, JudgeInput, StratumCounts } from '../../../core/judge/judge.ts';
import { judgeKayenta, type KayentaState } from '../../../core/judge/kayenta/judge.ts';
import type { ThresholdSettings } from '../../../core/judge/settings.ts';
import type { ThresholdState } from '../../../core/judge/threshold/threshold-tally.ts';
import { judgeThreshold } from '../../../core/judge/threshold/threshold.ts';
import { argoEveryMinute, argoExample, flaggerExample, kayentaExample } from '../../support/peer-judges.ts';
import { historyOf, nameOf, POLL_S, stretchOf } from './aa-runs.ts';
import { createArm } from './arms.ts';
import { createRandom, type Random } from './random.ts';
import { drawPods, type Level } from './traffic.ts';
import { createWatch, errorsObjective, errorsSlo } from './watch.ts';

export interface PeerCell {
  readonly perSecond: number;
  readonly share: number;
  readonly base: number;
  readonly ratio: number;
  readonly minutes: number;
}

export const peerNames = ['sequential', 'flagger', 'argo 5 min', 'argo 1 min', 'kayenta'] as const;
export type PeerName = (typeof peerNames)[number];

/** When the tool would act, s, and the bad requests that the new version served until then; null: never acted. */
export type PeerRun = Readonly<Record<PeerName, { readonly atS: number | null; readonly bad: number }>>;

type Look = (stratum: StratumCounts, nowMs: number) => boolean;

export const peerRuns = (cell: PeerCell, { seed, runs }: { seed: number; runs: number }): readonly PeerRun[] => {
  const random = createRandom(nameOf(cell), seed);
  return Array.from({ length: runs }, () => peerRun(random, cell));
};

const peerRun = (random: Random, { perSecond, share, base, ratio, minutes }: PeerCell): PeerRun => {
  const level: Level = { perSecond, share, newRatio: base * ratio, oldRatio: base, burst: 1 };
  const [newArm, oldArm] = [createArm(), createArm()];
  const watch = createWatch(errorsObjective(), { '': historyOf(random, level) });
  const peers = createPeers();
  const badUntil: number[] = [0];
  const found = new Map<PeerName, number>();
  let before: Total | undefined;
  for (let poll = 1; poll <= (minutes * 60) / POLL_S; poll++) {
    const pods = drawPods(random, level, POLL_S);
    const span = { fromMs: (poll - 1) * POLL_S * 1000, atMs: poll * POLL_S * 1000 };
    newArm.add(pods.newer, span);
    oldArm.add(pods.older, span);
    badUntil.push(newArm.whole().bad);
    if (!found.has('sequential') && watch.look(stretchOf(pods, before, poll * POLL_S)) !== undefined)
      found.set('sequential', poll * POLL_S);
    before = pods.newer[0];
    const stratum = stratumOf(newArm, oldArm, span.atMs);
    for (const { name, look, actsAfterS } of peers)
      if (!found.has(name) && look(stratum, span.atMs)) found.set(name, poll * POLL_S + actsAfterS);
  }
  const badAt = (atS: number): number => badUntil[Math.round(atS / POLL_S)] ?? badUntil.at(-1) ?? 0;
  const ends = peerNames.map((name) => {
    const atS = found.get(name) ?? null;
    return [name, { atS, bad: badAt(atS ?? minutes * 60) }] as const;
  });
  return Object.fromEntries(ends) as PeerRun;
};

/** Five minutes back: the longest window of these judges. */
const BACK_MS = 300_000;

const stratumOf = (
  newArm: ReturnType<typeof createArm>,
  oldArm: ReturnType<typeof createArm>,
  atMs: number,
): StratumCounts => ({
  ...{ cluster: 'a', newVersion: 'v2', oldVersion: 'v1', sinceMs: 0 },
  newArm: newArm.since(atMs - BACK_MS, atMs),
  oldArm: oldArm.since(atMs - BACK_MS, atMs),
  newWhole: newArm.whole(),
  oldWhole: oldArm.whole(),
});

const createPeers = (): readonly { name: PeerName; look: Look; actsAfterS: number }[] => {
  const threshold = (name: PeerName, peer: typeof flaggerExample) => ({
    name,
    actsAfterS: peer.actsAfterMs / 1000,
    look: looking<ThresholdSettings, ThresholdState>(judgeThreshold, peer),
  });
  return [
    threshold('flagger', flaggerExample),
    threshold('argo 5 min', argoExample),
    threshold('argo 1 min', argoEveryMinute),
    { name: 'kayenta', actsAfterS: 0, look: looking(judgeKayenta, kayentaExample) },
  ];
};

/** A judge with its state; true at a look that is a breach. */
const looking = <Settings, State extends ThresholdState | KayentaState>(
  judge: (input: JudgeInput<Settings>, before: State | null) => Judged<State>,
  { settings, target }: { settings: Settings; target: number | null },
): Look => {
  let state: State | null = null;
  return (stratum, nowMs) => {
    const slo = { ...errorsSlo, target: target ?? errorsSlo.target };
    const judged = judge({ slo, settings, nowMs, staleMs: 30_000, strata: [stratum] }, state);
    state = judged.state;
    return judged.readings.some(({ verdict }) => verdict === 'breach');
  };
};
