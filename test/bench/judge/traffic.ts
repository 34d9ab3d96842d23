/** Requests and bad ones that both versions would count in one poll, pod by pod. */
import type { Total } from '../../../core/judge/arms/arms.ts';
import type { Counts } from '../../../core/judge/sequential/evidence.ts';
import type { Random } from './random.ts';

export interface Level {
  /** Requests per second of both versions together. */
  readonly perSecond: number;
  /** Part of them that goes to the new version, 0..1. */
  readonly share: number;
  /** Part that fails, of each version, 0..1. */
  readonly newRatio: number;
  readonly oldRatio: number;
  /** Mean of how many requests fail at once, on one pod; 1: each by itself. */
  readonly burst: number;
}

export interface Pods {
  readonly newer: readonly Total[];
  readonly older: readonly Total[];
}

const OLD_PODS = 4;
/** A small share is one pod. */
export const newPodsOf = (share: number): number => (share >= 0.25 ? 2 : 1);

/** Below so many failures per poll they are drawn together and then dealt out; above, pod by pod. */
const FEW = 8;

/** What all pods count in `seconds`. Good and bad requests are Poisson each, so bad ones given all are binomial. */
export const drawPods = (random: Random, level: Level, seconds: number): Pods =>
  withGood(random, level, { seconds, bad: drawBad(random, level, seconds) });

/** Adds the good requests to the bad ones of each pod; undefined: no request failed. */
export const withGood = (
  random: Random,
  { perSecond, share, newRatio, oldRatio }: Level,
  { seconds, bad }: { seconds: number; bad: readonly number[] | undefined },
): Pods => {
  const newPods = newPodsOf(share);
  const arm = (pods: number, from: number, meanGood: number): Total[] =>
    Array.from({ length: pods }, (_, i) => {
      const failed = bad?.[from + i] ?? 0;
      return { total: random.poisson(meanGood / pods) + failed, bad: failed };
    });
  const rate = perSecond * seconds;
  return {
    newer: arm(newPods, 0, rate * share * (1 - newRatio)),
    older: arm(OLD_PODS, newPods, rate * (1 - share) * (1 - oldRatio)),
  };
};

/** By pod, the new ones first; undefined: no request failed. */
export const drawBad = (
  random: Random,
  { perSecond, share, newRatio, oldRatio, burst }: Level,
  seconds: number,
): number[] | undefined => {
  const newPods = newPodsOf(share);
  const onNew = (perSecond * seconds * share * newRatio) / burst;
  const onOld = (perSecond * seconds * (1 - share) * oldRatio) / burst;
  const size = (events: number): number => {
    if (burst === 1) return events;
    let sum = 0;
    for (let i = 0; i < events; i++) sum += random.geometric(burst);
    return sum;
  };
  const pods = newPods + OLD_PODS;
  if (onNew + onOld >= FEW)
    return Array.from({ length: pods }, (_, i) =>
      size(random.poisson(i < newPods ? onNew / newPods : onOld / OLD_PODS)),
    );
  const events = random.poisson(onNew + onOld);
  if (events === 0) return undefined;
  const bad = Array.from({ length: pods }, () => 0);
  for (let i = 0; i < events; i++) {
    const isNew = random.uniform() * (onNew + onOld) < onNew;
    const pod = isNew ? Math.floor(random.uniform() * newPods) : newPods + Math.floor(random.uniform() * OLD_PODS);
    bad[pod] = (bad[pod] ?? 0) + size(1);
  }
  return bad;
};

const sumOf = (pods: readonly Total[]): Total => {
  let [total, bad] = [0, 0];
  for (const pod of pods) {
    total += pod.total;
    bad += pod.bad;
  }
  return { total, bad };
};

/**
 * As look.ts makes them of arms that share their instants: pods side by side; where only one is busy, the first one with
 * its interval before.
 */
export const countsOf = ({ newer, older }: Pods, before: Total | undefined): Counts => {
  const theirs = sumOf(older);
  const busy = (pods: readonly Total[]): Total[] => pods.filter(({ total }) => total > 0);
  const mine = busy(newer);
  const [first] = newer;
  const alone = [before, first].filter((one) => one !== undefined);
  return {
    newer: sumOf(newer),
    kind: theirs,
    harsh: theirs,
    alike: [...(mine.length > 1 ? [mine] : []), busy(older)],
    unalike: mine.length > 1 ? [] : [alone],
  };
};
