/** Runs in which both versions are alike: every breach is false. */
import { priorOf, type Dispersion } from '../../../core/judge/sequential/dispersion.ts';
import type { Total } from '../../../core/judge/arms/arms.ts';
import type { Objective } from '../../../core/judge/sequential/evidence.ts';
import { ENOUGH_BAD, LONGEST_MS } from '../../../core/judge/look/past.ts';
import { LONGEST_RANGE_MS } from '../../../core/judge/series/source.ts';
import { createRandom, type Random } from './random.ts';
import { createScreen } from './screen.ts';
import { countsOf, drawBad, drawPods, withGood, type Level, type Pods } from './traffic.ts';
import { createWatch, errorsObjective, type Looker, type Why } from './watch.ts';

export interface AaCell {
  readonly perSecond: number;
  readonly share: number;
  readonly base: number;
  readonly burst: number;
  readonly hours: number;
  readonly scenario: 'steady' | 'outage x100' | 'outage 30 %' | 'drift' | 'gaps';
}

export interface AaCount {
  readonly runs: number;
  readonly evidence: number;
  readonly burn: number;
}

export const POLL_S = 10;
/** Polls of the old version before the first share that are read, as activities/watch-slo-past.ts does: the first look back … */
const FIRST_HISTORY = 15;
/** … and piece by piece further, until so many bad requests are known, or an hour. */
const HISTORY_PIECE = LONGEST_RANGE_MS / 1000 / POLL_S;
const LONGEST_HISTORY = LONGEST_MS / 1000 / POLL_S;
/** Both versions are out, s after the begin. */
const OUTAGE = { from: 1200, to: 1320 };
/** Of polls without numbers: their counts come with the next one. */
const MISSING = 0.2;
/** The base of `drift` grows so many times over the hour, while the share goes through its steps. */
const GROWTH = 4;
const STEPS = [0.01, 0.05, 0.25];

export const nameOf = (cell: object): string => Object.values(cell).join('/');

/** A run that the screen lets pass is no breach; one that it stops is run again, on the same counts, through the judge. */
export const aaRuns = (cell: AaCell, { seed, runs }: { seed: number; runs: number }): AaCount => {
  const objective = errorsObjective();
  const count = { evidence: 0, burn: 0 };
  for (let i = 0; i < runs; i++) {
    const name = `${nameOf(cell)} ${i}`;
    if (!aaRun(createRandom(name, seed), cell, () => createScreen(objective))) continue;
    const why = judgedRun(createRandom(name, seed), cell, objective);
    if (why !== undefined) count[why]++;
  }
  return { runs, ...count };
};

export const judgedRun = (random: Random, cell: AaCell, objective: Objective): Why | undefined =>
  aaRun(random, cell, (history) => createWatch(objective, { '': history }));

/** @param create with what the history says of bursts */
export const aaRun = <Breach>(
  random: Random,
  cell: AaCell,
  create: (history: Dispersion) => Looker<Breach>,
): Breach | undefined => {
  const watch = create(historyOf(random, steady(cell)));
  return cell.scenario === 'steady' ? steadyRun(random, cell, watch) : changingRun(random, cell, watch);
};

const steady = ({ perSecond, share, base, burst }: AaCell): Level => ({
  perSecond,
  share,
  newRatio: base,
  oldRatio: base,
  burst,
});

export const historyOf = (random: Random, level: Level): Dispersion => {
  const steps: (readonly Total[])[] = [];
  let known = 0;
  for (let polls = 0; polls < FIRST_HISTORY + LONGEST_HISTORY; polls++) {
    const piece = (polls - FIRST_HISTORY) % HISTORY_PIECE === 0;
    if (piece && known >= ENOUGH_BAD) break;
    const bad = drawBad(random, { ...level, share: 0 }, POLL_S);
    if (bad === undefined) {
      steps.push([]);
      continue;
    }
    known += bad.reduce((sum, one) => sum + one, 0);
    steps.push(withGood(random, { ...level, share: 0 }, { seconds: POLL_S, bad }).older);
  }
  return priorOf(steps);
};

/** Polls in which nothing failed are taken together: they change no comparison. */
const steadyRun = <Breach>(random: Random, cell: AaCell, watch: Looker<Breach>): Breach | undefined => {
  const level = steady(cell);
  const polls = (cell.hours * 3600) / POLL_S;
  let quiet = 0;
  let before: Total | undefined;
  for (let poll = 1; poll <= polls; poll++) {
    const bad = drawBad(random, level, POLL_S);
    if (bad === undefined) {
      quiet++;
      continue;
    }
    if (quiet > 0) {
      before = lookQuietly(watch, withGood(random, level, { seconds: quiet * POLL_S, bad: undefined }), {
        before,
        polls: quiet,
        toMs: (poll - 1) * POLL_S * 1000,
      });
      quiet = 0;
    }
    const pods = withGood(random, level, { seconds: POLL_S, bad });
    const why = watch.look(stretchOf(pods, before, poll * POLL_S));
    if (why !== undefined) return why;
    before = pods.newer[0];
  }
  return undefined;
};

/** Gives back what the last of these polls counted. */
const lookQuietly = (
  watch: Looker<unknown>,
  pods: Pods,
  { before, polls, toMs }: { before: Total | undefined; polls: number; toMs: number },
): Total => {
  const counts = countsOf(pods, undefined);
  const last = { total: Math.round((pods.newer[0]?.total ?? 0) / polls), bad: 0 };
  const alone = pods.newer.length === 1 && before !== undefined ? [before, last] : [];
  const own = { ...counts, alike: [], unalike: [alone] };
  watch.look({ toMs, own, edges: { '': own } });
  return last;
};

export const stretchOf = (pods: Pods, before: Total | undefined, toS: number) => {
  const own = countsOf(pods, before);
  return { toMs: toS * 1000, own, edges: { '': own } };
};

const changingRun = <Breach>(random: Random, cell: AaCell, watch: Looker<Breach>): Breach | undefined => {
  const polls = (cell.hours * 3600) / POLL_S;
  let before: Total | undefined;
  let fromPoll = 0;
  let level = levelAt(cell, 0);
  for (let poll = 1; poll <= polls; poll++) {
    if (cell.scenario === 'gaps' && poll < polls && random.uniform() < MISSING) continue;
    const now = levelAt(cell, (poll - 1) * POLL_S);
    if (now.share !== level.share) {
      watch.bake((poll - 1) * POLL_S * 1000);
      before = undefined;
    }
    level = now;
    const pods = drawPods(random, level, (poll - fromPoll) * POLL_S);
    fromPoll = poll;
    const why = watch.look(stretchOf(pods, before, poll * POLL_S));
    if (why !== undefined) return why;
    before = pods.newer[0];
  }
  return undefined;
};

const levelAt = (cell: AaCell, atS: number): Level => {
  const level = steady(cell);
  const both = (ratio: number): Level => ({ ...level, newRatio: ratio, oldRatio: ratio });
  const out = atS >= OUTAGE.from && atS < OUTAGE.to;
  if (cell.scenario === 'outage x100') return out ? both(Math.min(0.9, 100 * cell.base)) : level;
  if (cell.scenario === 'outage 30 %') return out ? both(0.3) : level;
  if (cell.scenario !== 'drift') return level;
  const part = atS / (cell.hours * 3600);
  return {
    ...both(cell.base * (1 + (GROWTH - 1) * part)),
    share: STEPS[Math.floor(part * STEPS.length)] ?? cell.share,
  };
};
