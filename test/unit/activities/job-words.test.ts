/** What a failed Job says of itself. */
import { describe, expect, it } from '@jest/globals';
import { whatWasSaid } from '../../../activities/apply/before/job-words.ts';
import type { RecordAt } from '../../../activities/record-store.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { Pod } from '../../../core/workload/pod-trouble.ts';

const pod: Pod = {
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'smoke-x', namespace: 'shop' } },
  spec: { containers: [{ name: 'test' }] },
  status: { phase: 'Failed', containerStatuses: [{ name: 'test', state: { terminated: { exitCode: 7 } } }] },
};

const at = (log: () => Promise<string | null>): RecordAt =>
  ({ cluster: { name: 'aws', log }, service: { namespace: 'shop' } }) as unknown as RecordAt;

describe('what a failed Job says', () => {
  it('is how its container ended, and the end of its log', async () => {
    expect(
      await whatWasSaid(
        at(async () => 'one\nwanted 200, got 500\n'),
        [pod],
      ),
    ).toBe('; pod smoke-x: container test: Error with exit code 7; the end of its log:\none\nwanted 200, got 500');
  });

  it('is told without its log where that cannot be read: that stops nothing', async () => {
    const forbidden = () => Promise.reject(new TidegateError('Forbidden', 'aws/shop/Pod/smoke-x: log refused'));
    expect(await whatWasSaid(at(forbidden), [pod])).toContain(
      'exit code 7; its log cannot be read: aws/shop/Pod/smoke-x: log refused',
    );
    expect(
      await whatWasSaid(
        at(async () => null),
        [],
      ),
    ).toBe('; it has no pod any more, and so no log');
  });
});
