import { describe, expect, it } from '@jest/globals';
import { nextSizes, rolloutLimits, type SetSize } from '../../../infra/lab/pods/rolling-update.ts';

/** Plays a rolling update in which every new pod gets available before the next look. */
function play(
  desired: number,
  strategy?: Parameters<typeof rolloutLimits>[1],
): { sizes: [number, number][]; looks: number } {
  const limits = rolloutLimits(desired, strategy);
  let current: SetSize = { name: 'new', replicas: 0, available: 0 };
  let old: SetSize = { name: 'old', replicas: desired, available: desired };
  const sizes: [number, number][] = [];
  for (let looks = 1; looks < 100; looks++) {
    const wanted = nextSizes(limits, current, [old], old.replicas);
    const oldWanted = wanted.old.get('old') ?? 0;
    if (wanted.current === current.replicas && oldWanted === old.replicas) return { sizes, looks };
    current = { name: 'new', replicas: wanted.current, available: wanted.current };
    old = { name: 'old', replicas: oldWanted, available: oldWanted };
    sizes.push([current.replicas, old.replicas]);
  }
  throw new Error('the update does not end');
}

describe('a rolling update', () => {
  it.each([1, 2, 3, 4, 7, 10])(
    'replaces %i pods within surge and unavailability, as users know it from Kubernetes',
    (desired) => {
      const limits = rolloutLimits(desired);
      const { sizes } = play(desired);
      expect(sizes.at(-1)).toEqual([desired, 0]);
      for (const [fresh, old] of sizes) {
        expect(fresh + old).toBeLessThanOrEqual(desired + limits.maxSurge);
        expect(fresh + old).toBeGreaterThanOrEqual(desired - limits.maxUnavailable);
      }
    },
  );

  it('keeps every old pod that availability needs while the new ones do not get ready', () => {
    const limits = rolloutLimits(2);
    const stuck = nextSizes(
      limits,
      { name: 'new', replicas: 1, available: 0 },
      [{ name: 'old', replicas: 2, available: 2 }],
      2,
    );
    expect(stuck.current).toBe(1);
    expect(stuck.old.get('old')).toBe(2);
  });

  it('with Recreate starts nothing new before the last old pod is gone', () => {
    const limits = rolloutLimits(2, { type: 'Recreate' });
    const old = [{ name: 'old', replicas: 0, available: 0 }];
    expect(nextSizes(limits, { name: 'new', replicas: 0, available: 0 }, old, 1).current).toBe(0);
    expect(nextSizes(limits, { name: 'new', replicas: 0, available: 0 }, old, 0).current).toBe(2);
  });

  it('allows one unavailable pod when neither surge nor unavailability allows any, or it could never move', () => {
    expect(rolloutLimits(1, { rollingUpdate: { maxSurge: 0, maxUnavailable: '25%' } }).maxUnavailable).toBe(1);
  });
});
