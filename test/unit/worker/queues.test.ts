import { describe, expect, it } from '@jest/globals';
import type { RolloutActivities } from '../../../core/contract/activities.ts';
import { movedFrom, queueOf, queues, taskQueue as nameOf } from '../../../core/contract/queues.ts';
import { beatEveryMs, heartbeatTimeoutsMs, type BeatingActivity } from '../../../core/contract/timeouts.ts';
import { activitiesOn } from '../../../worker/workers.ts';
import { activityOptions, noPlan } from '../../../workflows/activity-options.ts';
import { fakeWorld } from '../../support/fake-activities.ts';

const options = Object.entries(activityOptions(noPlan, 'default')) as [
  keyof RolloutActivities,
  ReturnType<typeof activityOptions>['restore'],
][];

describe('the table of activities', () => {
  it('gives every activity its queue, and both time bounds; restore alone has no end, since traffic must come back', () => {
    expect(options.map(([name]) => name).sort()).toEqual(Object.keys(queueOf).sort());
    for (const [name, { taskQueue, startToCloseTimeout, scheduleToCloseTimeout }] of options) {
      expect(taskQueue).toBe(nameOf('default', queueOf[name]));
      expect(startToCloseTimeout).toBeGreaterThan(0);
      if (name === 'restore') expect(scheduleToCloseTimeout).toBeUndefined();
      else expect(Number(scheduleToCloseTimeout)).toBeGreaterThanOrEqual(Number(startToCloseTimeout));
    }
  });

  it('has a heartbeat on whatever runs longer than a minute, so that a dead worker is noticed long before the bound', () => {
    for (const [name, { startToCloseTimeout, heartbeatTimeout }] of options) {
      expect(heartbeatTimeout).toBe((heartbeatTimeoutsMs as Record<string, number>)[name]);
      if (Number(startToCloseTimeout) > 60_000) expect(heartbeatTimeout).toBeDefined();
    }
  });

  it('beats at least three times per heartbeat timeout, so that one lost beat ends nothing', () => {
    // A watch may lose one: its next attempt goes on at once, from the last that came.
    const { watchSlo: _, ...others } = heartbeatTimeoutsMs;
    for (const name of Object.keys(others) as BeatingActivity[])
      expect(heartbeatTimeoutsMs[name] / beatEveryMs(name)).toBeGreaterThanOrEqual(3);
  });
});

describe('workers', () => {
  it('offer the activities of their own queue, and those that moved from it in this release: runs of the last one ask there', () => {
    const { activities } = fakeWorld();
    const offered = queues.map((queue) => Object.keys(activitiesOn(queue, activities)));
    expect(offered.flat().sort()).toEqual([...Object.keys(queueOf), ...Object.keys(movedFrom)].sort());
    for (const [name, queue] of Object.entries(movedFrom)) {
      expect(queueOf[name as keyof typeof queueOf]).not.toBe(queue);
      expect(Object.keys(activitiesOn(queue, activities))).toContain(name);
    }
    expect(Object.keys(activitiesOn('restore', activities))).toEqual(['failOver', 'restore']);
    // A watch lasts for hours: nothing else waits for its place.
    expect(Object.entries(queueOf).filter(([, queue]) => queue === 'observe')).toEqual([
      ['watchSlo', 'observe'],
      ['holdCapacity', 'observe'],
      ['watchClusters', 'observe'],
    ]);
    // The proof of a way back waits behind no watch, and its writes behind no proof.
    expect(Object.keys(activitiesOn('prove', activities))).toEqual(['verifyRestored']);
  });
});
