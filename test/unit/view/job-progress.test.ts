import { describe, expect, it } from '@jest/globals';
import { progressLines } from '../../../core/view/job-progress.ts';

describe('the progress of Jobs before the first share', () => {
  const beat = (cluster: string) => ({ cluster, job: 'Job smoke (1 of 2)', progress: 'runs' });

  it('is a line per cluster, of one activity each or of one for many', () => {
    expect(progressLines(beat('aws'))).toEqual(['aws: Job smoke (1 of 2): runs']);
    const open = { aws: beat('aws'), gcp: 'begun', onprem: beat('onprem') };
    expect(progressLines({ write: 'runBefore', done: 0, of: 3, open })).toEqual([
      'aws: Job smoke (1 of 2): runs',
      'onprem: Job smoke (1 of 2): runs',
    ]);
  });

  it('is nothing where a heartbeat tells of something else', () => {
    expect([undefined, 'x', { readings: [] }, { cluster: 'aws', progress: 'x' }].flatMap(progressLines)).toEqual([]);
  });
});
