/** How a Job ended, in words that fit into a failure. */
import { describe, expect, it } from '@jest/globals';
import { containerOf, jobEnd, podEnd, tailOf, telling, type Job } from '../../../../core/workload/before/job-end.ts';
import type { Pod } from '../../../../core/workload/pod-trouble.ts';

const job = (...conditions: { type: string; status: string; reason?: string; message?: string }[]): Job => ({
  ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'smoke' } },
  status: { conditions },
});

const pod = (name: string, phase: string, exitCode?: number): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, creationTimestamp: `2026-11-28T00:00:0${name}Z` } },
  spec: { containers: [{ name: 'test' }] },
  status: {
    phase,
    containerStatuses:
      exitCode === undefined ? [] : [{ name: 'test', state: { terminated: { exitCode, reason: 'Error' } } }],
  },
});

describe('the end of a Job', () => {
  it('is what its conditions say; one that is about to end still runs', () => {
    expect(jobEnd(job()).state).toBe('running');
    expect(jobEnd(job({ type: 'FailureTarget', status: 'True' })).state).toBe('running');
    expect(jobEnd(job({ type: 'Complete', status: 'True' })).state).toBe('complete');
    expect(jobEnd(job({ type: 'Failed', status: 'False' })).state).toBe('running');
    const failed = { type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'was active longer' };
    expect(jobEnd(job(failed))).toEqual({ state: 'failed', reason: 'DeadlineExceeded: was active longer' });
  });

  it('is told by the youngest pod that has failed', () => {
    const pods = [pod('1', 'Failed', 1), pod('2', 'Failed', 7), pod('3', 'Running')];
    const told = telling(pods);
    expect(told?.metadata.name).toBe('2');
    expect(podEnd(told as Pod)).toBe('pod 2: container test: Error with exit code 7');
    expect(podEnd(pod('4', 'Succeeded', 0))).toBe('');
    expect(containerOf(pod('3', 'Running'))).toBe('test');
  });
});

describe('the tail of a log', () => {
  it('is its last 20 lines at most, without colours and empty lines', () => {
    const log = Array.from({ length: 30 }, (_, i) => `\u001b[31mline ${String(i)}\u001b[0m\r\n\n`).join('');
    const lines = tailOf(log).split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([20, 'line 10', 'line 29']);
  });

  it('fits into a failure: long lines are cut, and the last one always stays', () => {
    const tail = tailOf(`${'a'.repeat(5_000)}\n`.repeat(20) + 'the reason');
    expect(tail.length).toBeLessThanOrEqual(1_000);
    expect(tail.endsWith('the reason')).toBe(true);
    expect(tailOf('')).toBe('');
  });

  it('leaves out what looks like a credential', () => {
    expect(tailOf('GET / Authorization: Bearer abc.def')).toBe('GET / Authorization: Bearer [redacted]');
  });
});
