import { describe, expect, it } from '@jest/globals';
import { noArm } from '../../../core/analysis/arms.ts';
import type { Arm } from '../../../core/analysis/arms.ts';
import { hardStops } from '../../../core/analysis/hard-stops.ts';
import type { HardStopInput, SubsetTraffic } from '../../../core/analysis/hard-stops.ts';

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

const subset = (sent: number, answered: number, seconds: number): SubsetTraffic => ({
  sent: arm(sent, seconds),
  answered: arm(answered, seconds),
  connectFailures: arm(0, seconds),
  active: 0,
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
    const slow = { oldSubset: { ...subset(190, 190, 5), active: 570 }, newSubset: subset(10, 0, 5) };
    expect(verdicts(input(5, { ...slow, serverDone: arm(1, 5) }))).toEqual([]);
  });

  it('does not stop for clients that give up on both versions alike', () => {
    expect(verdicts(input(20, { newSubset: subset(10, 6, 20), oldSubset: subset(190, 130, 20) }))).toEqual([]);
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
