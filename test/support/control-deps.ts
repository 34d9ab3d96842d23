/** What the activities of the control queue need beside a config, where a test has no secrets. */
import type { ControlDeps } from '../../activities/control/index.ts';
import { systemClock, temporalActivity } from '../../activities/ports.ts';

export const controlDeps: Omit<ControlDeps, 'config'> = {
  secrets: () => Promise.reject(new Error('no secret in this test')),
  clock: systemClock,
  activity: temporalActivity,
};
