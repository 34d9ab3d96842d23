import { describe, expect, it } from '@jest/globals';
import { noArm, type Arm, type Cell } from '../../../core/judge/arms/arms.ts';
import { hardStops, type HardStopInput, type SubsetTraffic } from '../../../core/judge/hard-stops.ts';
import { busyCells } from '../../../core/judge/arms/subset-traffic.ts';

/** One cell a second from 0 to `seconds`. */
const arm = (perSecond: number, seconds: number): Arm => ({
  ...noArm,
  cells: Array.from({ length: seconds }, (_, i) => ({
    fromMs: i * 1000,
    atMs: (i + 1) * 1000,
    total: perSecond,
    bad: 0,
  })),
  newestMs: seconds * 1000,
});

/** `active` requests are under way all the time. */
const subset = (sent: number, answered: number, seconds: number, active = 0): SubsetTraffic => ({
  sent: arm(sent, seconds),
  answered: arm(answered, seconds),
  connectFailures: arm(0, seconds),
  busy: arm(active * 1000, seconds).cells,
});

const input = (seconds: number, more: Partial<HardStopInput> = {}): HardStopInput => ({
  cluster: 'aws',
  newVersion: 'v3',
  oldVersion: 'v2',
  newSubset: subset(10, 0, seconds),
  oldSubset: subset(190, 190, seconds),
  serverDone: noArm,
  serverNewestMs: seconds * 1000,
  sinceMs: 0,
  windowMs: 30_000,
  intervalMs: 1_000,
  ...more,
});

const verdicts = (of: HardStopInput): string[] => hardStops(of).map(({ slo, verdict }) => `${slo} ${verdict}`);

describe('hardStops', () => {
  it('stops a version that accepts and never answers, within 4 s at 10 requests/s', () => {
    expect(verdicts(input(2))).toEqual([]);
    expect(verdicts(input(4))).toEqual(['answers breach']);
    expect(hardStops(input(4))[0]?.reason).toMatch(
      /v3 in aws accepts connections but answers nothing: 20 requests sent, 0 answered/,
    );
  });

  it('stops also when there is no old version to compare with, if both sources are fresh', () => {
    const alone = { oldSubset: subset(0, 0, 4) };
    expect(verdicts(input(4, alone))).toEqual(['answers breach']);
    expect(verdicts(input(4, { ...alone, serverNewestMs: null }))).toEqual([]);
    expect(verdicts(input(4, { ...alone, serverNewestMs: 1_000 }))).toEqual([]);
  });

  it('takes pods that report requests for answering: Envoy alone may be behind', () => {
    expect(verdicts(input(4, { oldSubset: subset(0, 0, 4), serverDone: arm(10, 4) }))).toEqual([]);
  });

  it('stops one hung pod of two', () => {
    expect(verdicts(input(20, { newSubset: subset(10, 5, 20) }))).toEqual(['answers breach']);
  });

  it('does not stop a slow service: it waits four mean response times of the old version', () => {
    // 190 requests/s that take 3 s each: 570 under way; the new version's first answers come after 3 s as well.
    const slow = { oldSubset: subset(190, 190, 5, 570), newSubset: subset(10, 0, 5) };
    expect(verdicts(input(5, { ...slow, serverDone: arm(1, 5) }))).toEqual([]);
  });

  it('does not stop for clients that give up on both versions alike', () => {
    expect(verdicts(input(20, { newSubset: subset(10, 6, 20), oldSubset: subset(190, 130, 20) }))).toEqual([]);
  });

  it('does not stop for idle streams that the old version leaves without an answer as well', () => {
    const idle = { newSubset: subset(1, 0, 30), oldSubset: subset(9, 0, 30, 200) };
    expect(verdicts(input(30, idle))).toEqual([]);
    // A tenth of its calls are answered: ten without an answer are no news.
    expect(verdicts(input(30, { ...idle, oldSubset: subset(10, 1, 30, 200) }))).toEqual([]);
    expect(verdicts(input(30, { ...idle, oldSubset: subset(9, 9, 30, 1) }))).toEqual(['answers breach']);
  });

  it('goes by what the old version did before, once it gets nothing: at a whole share', () => {
    const whole = (old: SubsetTraffic) =>
      verdicts(input(50, { newSubset: subset(10, 0, 50), oldSubset: before(old), sinceMs: 20_000 }));
    const before = (old: SubsetTraffic): SubsetTraffic => ({ ...old, sent: { ...old.sent, newestMs: 50_000 } });
    expect(whole(subset(10, 0, 20, 200))).toEqual([]);
    expect(whole(subset(10, 10, 20, 1))).toEqual(['answers breach']);
    // Streams that began before anything is known of.
    expect(whole({ ...subset(0, 0, 20), busy: arm(200_000, 50).cells })).toEqual([]);
  });

  it('does not stop below ten requests', () => {
    expect(verdicts(input(9, { newSubset: subset(1, 0, 9) }))).toEqual([]);
  });

  it('stops a version that does not accept connections', () => {
    const refused = { ...subset(0, 10, 3), connectFailures: arm(10, 3) };
    expect(verdicts(input(3, { newSubset: refused }))).toEqual(['connects breach']);
  });

  it('forgives connection failures that are rare among requests', () => {
    const some = { ...subset(100, 100, 10), connectFailures: arm(2, 10) };
    expect(verdicts(input(10, { newSubset: some }))).toEqual([]);
  });

  it('says nothing about a version without traffic', () => {
    expect(verdicts(input(10, { newSubset: subset(0, 0, 10) }))).toEqual([]);
  });
});

describe('hardStops after 0 → 100 % in one write (undo, promote --full)', () => {
  const perSecond = 60;
  /** Every answer of either version takes that long. */
  const answerS = 3;
  const writeS = 40;

  /** A subset that gets all requests in [fromS, untilS), as Envoys scraped every second know it from `knownS` to `nowS`. */
  const slowSubset = ({ fromS, untilS, knownS, nowS }: Record<'fromS' | 'untilS' | 'knownS' | 'nowS', number>) => {
    const during = (start: number, end: number, second: number): boolean => second >= start && second < end;
    const seconds = Array.from({ length: nowS - knownS }, (_, i) => knownS + i);
    const count = (start: number, end: number): Arm => ({
      ...noArm,
      cells: seconds.map((second) => ({
        fromMs: second * 1000,
        atMs: (second + 1) * 1000,
        total: during(start, end, second) ? perSecond : 0,
        bad: 0,
      })),
      newestMs: nowS * 1000,
    });
    const sentBy = (second: number): number => perSecond * Math.max(0, Math.min(second, untilS) - fromS);
    const samples = [...seconds, nowS].map((second) => ({
      atMs: second * 1000,
      value: sentBy(second) - sentBy(second - answerS),
    }));
    return {
      sent: count(fromS, untilS),
      answered: count(fromS + answerS, untilS + answerS),
      connectFailures: count(0, 0),
      busy: busyCells([{ labels: { envoy_cluster_name: 'old' }, samples }], 'old'),
    } satisfies SubsetTraffic;
  };

  /** What stops at any second of the 30 after the write; `seen` is how the old subset is looked at. */
  const stops = (seen: (old: SubsetTraffic, nowS: number) => SubsetTraffic): string[] =>
    Array.from({ length: 30 }, (_, i) => writeS + i + 1).flatMap((nowS) =>
      verdicts(
        input(nowS, {
          newSubset: slowSubset({ fromS: writeS, untilS: nowS, knownS: writeS, nowS }),
          oldSubset: seen(slowSubset({ fromS: -60, untilS: writeS, knownS: writeS - 30, nowS }), nowS),
          sinceMs: writeS * 1000,
        }),
      ),
    );

  it('shows the hazard: by what is under way at the moment, an old version that drains seems to answer at once', () => {
    const atTheMoment = (old: SubsetTraffic, nowS: number): SubsetTraffic => {
      const since = (cells: readonly Cell[]): readonly Cell[] => cells.filter(({ atMs }) => atMs > writeS * 1000);
      const underWay = perSecond * Math.max(0, answerS - (nowS - writeS));
      const busy = since(old.busy).map((cell) => ({ ...cell, total: underWay * 1000 }));
      const [sent, answered] = [old.sent, old.answered].map((arm) => ({ ...arm, cells: since(arm.cells) }));
      return { ...old, busy, sent: sent ?? noArm, answered: answered ?? noArm };
    };
    expect(stops(atTheMoment)).toContain('answers breach');
  });

  it('does not stop a slow service: the time under way, from before the write on, tells how long answers take', () => {
    expect(stops((old) => old)).toEqual([]);
  });
});
