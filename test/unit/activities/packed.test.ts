/** What a watch hands on is small enough for every heartbeat, result and input, and says the same once it is unpacked. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { packed, unpacked } from '../../../activities/observe/packed.ts';
import { createPulse } from '../../../activities/observe/pulse.ts';
import { evidenceOf } from '../../../core/judge/look/judges.ts';
import { resumedState, type WatchState } from '../../../core/judge/look/state.ts';
import { logEvidence, type Evidence } from '../../../core/judge/sequential/evidence.ts';
import { objectiveOf } from '../../../core/judge/sequential/judge.ts';
import type { SequentialSettings } from '../../../core/judge/settings.ts';
import { present } from '../../../core/values/json.ts';
import { longWatchInput, watchLong } from '../../support/long-watch.ts';

const KIB = 1_024;
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value), 'utf8');

/** Four hours of two bakes; the second is beyond its first window. Longer ones change no more than the last digits. */
const hours = { looks: 12, everyMs: 600_000 };

describe('what a watch over 50 clusters and three SLOs hands on', () => {
  let state: WatchState;
  let input: ReturnType<typeof longWatchInput>;
  beforeAll(() => {
    state = watchLong({ clusters: 50, ...hours });
    input = longWatchInput(50);
  }, 60_000);

  it('stays below 256 KiB as a result, as the next watch’s input and as a heartbeat', () => {
    const evidence = packed(evidenceOf(state.judges));
    const heartbeat = packed(state);
    console.log(
      `evidence as JSON ${bytesOf(evidenceOf(state.judges))}, packed ${bytesOf(evidence)}; state ${bytesOf(state)}, packed ${bytesOf(heartbeat)}; input ${bytesOf({ ...input, evidence })} bytes`,
    );
    expect(bytesOf(evidence)).toBeLessThan(176 * KIB);
    expect(bytesOf({ ...input, evidence })).toBeLessThan(240 * KIB);
    expect(bytesOf(heartbeat)).toBeLessThan(176 * KIB);
  });

  it('keeps every number but the profiles, and those to 0.0005', () => {
    const again = unpacked(packed(state));
    const rounded = (value: unknown): string =>
      JSON.stringify(value, (key, field: unknown) =>
        ['whole', 'recent', 'bake'].includes(key) && Array.isArray(field) ? 'a profile' : field,
      );
    expect(rounded(again)).toBe(rounded(state));
    for (const [key, { strata }] of Object.entries(evidenceOf(state.judges))) {
      const other = evidenceOf((again as WatchState).judges)[key]?.strata;
      for (const [cluster, { comparisons }] of Object.entries(strata))
        for (const [edge, comparison] of Object.entries(comparisons))
          for (const field of ['whole', 'recent', 'bake'] as const) {
            const kept = other?.[cluster]?.comparisons[edge]?.[field] ?? [];
            expect(kept).toHaveLength(comparison[field].length);
            const off = comparison[field].map((value, i) => Math.abs(value - (kept[i] ?? NaN)));
            expect(Math.max(0, ...off)).toBeLessThan(0.000_501);
          }
    }
  });

  it('proves the same: an e-value of all clusters together is off by less than 1 in 100', () => {
    const before = evidenceOf(state.judges);
    const after = unpacked(packed(before)) as Record<string, Evidence>;
    for (const slo of input.slos) {
      const key = `${slo.name}/${slo.source}/sequential`;
      const objective = objectiveOf({
        slo,
        settings: input.judge as SequentialSettings,
        family: { clusters: 50, part: 0.3 },
      });
      const [was, is] = [before[key], after[key]].map((one) => logEvidence(one as Evidence, objective));
      expect(Math.abs((was?.all ?? NaN) - (is?.all ?? NaN))).toBeLessThan(0.01);
    }
  });
});

describe('what a watch hands on', () => {
  it('is small for three clusters, as most meshes are', () => {
    const heartbeat = packed(watchLong({ clusters: 3, ...hours }));
    console.log(`three clusters and three SLOs: ${bytesOf(heartbeat)} bytes`);
    expect(bytesOf(heartbeat)).toBeLessThan(16 * KIB);
  });

  it('does not grow with time', () => {
    const short = bytesOf(packed(watchLong({ clusters: 2, looks: 30, everyMs: 60_000 })));
    const long = bytesOf(packed(watchLong({ clusters: 2, looks: 120, everyMs: 60_000 })));
    expect(long).toBeLessThan(1.3 * short);
  });

  it('is read as it is where an older worker left it, and not at all where it is no packed text', () => {
    const older = watchLong({ clusters: 1, looks: 2, everyMs: 10_000 });
    expect(unpacked(older)).toBe(older);
    expect(unpacked(undefined)).toBeUndefined();
    expect(unpacked({ packed: 'bm90IGRlZmxhdGVk' })).toBeUndefined();
    const whole = packed(older).packed;
    expect(unpacked({ packed: whole.slice(0, whole.length / 2) })).toBeUndefined();
  });
});

describe('the heartbeats of a watch', () => {
  const stateAt = (startedAtMs: number): WatchState => ({
    ...watchLong({ clusters: 1, looks: 1, everyMs: 10_000 }),
    startedAtMs,
  });
  const resumed = (details: unknown): number | undefined => resumedState(unpacked(details))?.startedAtMs;
  /** The states that were sent while a watch waited for a minute in steps of 2 s, and its last. */
  const sent = async (heartbeatTimeoutMs: number, isWanted?: () => Promise<boolean>) => {
    const details: unknown[] = [];
    let nowMs = 0;
    const sleep = (ms: number): Promise<void> => Promise.resolve(void (nowMs += ms));
    const context = {
      heartbeat: (one: unknown) => void details.push(one),
      sleep,
      info: { attempt: 2, heartbeatTimeoutMs },
      cancellationSignal: new AbortController().signal,
    };
    const pulse = createPulse(context, { now: () => nowMs, sleep, ...present({ isWanted }) });
    while (nowMs < 60_000) await pulse.pause(2_000, stateAt(nowMs));
    pulse.beat(stateAt(1));
    return details.map(resumed);
  };

  it('carry its state every ten seconds while a share is young, and end an attempt with just the state that it ends with', async () => {
    expect(await sent(20_000)).toEqual([8_000, 18_000, 28_000, 38_000, 48_000, 58_000, 1]);
  });

  it('are rare in a long wait; between two of them the watch asks whether it is wanted, and beats once it is not', async () => {
    let asked = 0;
    expect(await sent(600_000, () => Promise.resolve(++asked < 3))).toEqual([28_000, 38_000, 48_000, 58_000, 1]);
    expect(await sent(600_000, () => Promise.resolve(true))).toEqual([1]);
  });
});
