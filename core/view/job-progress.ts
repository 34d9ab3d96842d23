/** What activities say of Jobs in their heartbeats: one of one cluster, or one of many at a time. */
import { fieldAt, recordOf } from '../values/json.ts';

/** `aws-us-east-1: Job smoke (1 of 2): running`; none where a heartbeat tells of something else. */
export function progressLines(beat: unknown): string[] {
  const open = Object.values(recordOf(fieldAt(beat, 'open')));
  return [beat, ...open].flatMap((one) => {
    const { cluster, job, progress } = recordOf(one);
    const words = [cluster, job, progress];
    return words.every((word) => typeof word === 'string') ? [`${words[0]}: ${words[1]}: ${words[2]}`] : [];
  });
}
