/** For activities that watch: no cluster is asked. */
import { systemClock, temporalActivity, type KubeDeps } from '../../activities/ports.ts';

export const noKube: KubeDeps = {
  clusters: { connect: () => Promise.reject(new Error('no cluster in this test')) },
  clock: systemClock,
  activity: temporalActivity,
};
