import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../core/rollout/change.ts';
import type { RunningStatus } from '../../../core/rollout/running.ts';
import {
  asked,
  drop,
  endOf,
  endTurn,
  nothingWaits,
  putBack,
  refuseDrop,
  refuseSupersede,
  takeTurn,
  waitingChange,
  type WaitingChange,
  type WaitingStatus,
} from '../../../core/rollout/waiting.ts';
import { waitingDetails, waitingLines } from '../../../core/view/waiting-text.ts';

const deploy = (version: string, change: Partial<WaitingChange> = {}): WaitingChange => ({
  ...waitingChange({ change: { kind: 'deploy', version }, by: 'ann', supersedes: false, atMs: 1_000 }),
  ...change,
});

const running = (kind: Change['kind'], phase: RunningStatus['phase']): RunningStatus => ({
  ...{ service: 'shop/checkout', kind, version: 'v2', phase, outcome: null, reason: 'as planned' },
  ...{ wave: 1, waves: 2, step: 1, steps: 3 },
});

describe('one change waits', () => {
  it('and the newest wins; the older one ends as superseded, with whom it gave way to', () => {
    const waiting = asked(asked(nothingWaits, deploy('v3')), deploy('v4', { by: 'bob' }));
    expect(waiting.waits).toMatchObject({ change: { version: 'v4' } });
    expect(endOf(waiting, deploy('v3').id)).toMatchObject({
      end: 'superseded',
      text: 'superseded by deploy of v4 (bob)',
      workflowId: '',
    });
    expect(endOf(waiting, deploy('v4').id)).toBeNull();
  });

  it('and the same asked for twice is one, since the first time; it supersedes once one of them does', () => {
    const twice = asked(asked(nothingWaits, deploy('v3')), deploy('v3', { sinceMs: 9_000, supersedes: true }));
    expect(twice).toEqual({ ...nothingWaits, waits: deploy('v3', { supersedes: true }) });
    const inTurn = takeTurn(twice);
    expect(asked(inTurn, deploy('v3'))).toBe(inTurn);
  });

  it('and another image under the name of a version is another change', () => {
    const image = (name: string): WaitingChange =>
      waitingChange({ change: { kind: 'deploy', version: 'v3', image: name }, by: '', supersedes: false, atMs: 0 });
    expect(image('a').id).not.toBe(image('b').id);
  });

  it('and what came too early waits again, unless a newer one has come meanwhile', () => {
    const turn = takeTurn(asked(nothingWaits, deploy('v3')));
    expect(putBack(turn)).toEqual(asked(nothingWaits, deploy('v3')));
    const newer = putBack(asked(turn, deploy('v4')));
    expect([newer.waits?.id, newer.turn, newer.ended.map(({ end }) => end)]).toEqual([
      deploy('v4').id,
      null,
      ['superseded'],
    ]);
  });

  it('and ends once, as what it ended as; what was asked for again since waits again', () => {
    const ended = endTurn(takeTurn(asked(nothingWaits, deploy('v3'))), { end: 'refused', text: 'no', atMs: 2_000 });
    expect(endOf(ended, deploy('v3').id)).toMatchObject({ end: 'refused', text: 'no' });
    expect(endOf(asked(ended, deploy('v3')), deploy('v3').id)).toBeNull();
    expect(endTurn(ended, { end: 'started', text: '', atMs: 0 })).toBe(ended);
  });

  it('and can be dropped until its turn has come', () => {
    const waiting = asked(nothingWaits, deploy('v3'));
    expect(refuseDrop(waiting, 'checkout', 'versions')).toBe('');
    const dropped = drop(waiting, { reason: 'not today', atMs: 5 });
    expect([dropped.waits, dropped.ended.at(-1)?.text]).toEqual([null, 'dropped: not today']);
    expect(refuseDrop(dropped, 'checkout', 'versions')).toBe('nothing waits here');
    expect(refuseDrop(takeTurn(waiting), 'checkout', 'topology')).toContain('rollout abort checkout --part topology');
  });

  it('and only the last ten ends are kept, so that a new run of the workflow carries little', () => {
    const many = Array.from({ length: 15 }, (_, i) => deploy(`v${String(i)}`)).reduce(asked, nothingWaits);
    expect([many.ended.length, many.ended[0]?.change]).toEqual([10, { kind: 'deploy', version: 'v4' }]);
  });
});

describe('superseding', () => {
  it('aborts what goes forward and is of the same kind, in whatever phase before the commit', () => {
    for (const phase of ['preparing', 'baking', 'gated', 'paused', 'needs-person', 'confirming'] as const)
      expect(refuseSupersede(deploy('v3'), running('deploy', phase))).toBe('');
  });

  it('never aborts a way back, nor what goes back already, nor a commit', () => {
    for (const kind of ['restore', 'undo', 'release'] as const)
      expect(refuseSupersede(deploy('v3'), running(kind, 'baking'))).toContain('a way back');
    for (const phase of ['restoring', 'proving-restore'] as const)
      expect(refuseSupersede(deploy('v3'), running('deploy', phase))).toContain('goes back already');
    expect(refuseSupersede(deploy('v3'), running('deploy', 'committing'))).toContain('cannot be aborted any more');
  });

  it('never aborts an adoption for a deploy, which would be refused without it', () => {
    expect(refuseSupersede(deploy('v3'), running('adopt', 'baking'))).toContain('that is adopt');
  });
});

describe('what waits, for people', () => {
  const status: WaitingStatus = {
    ...asked(nothingWaits, deploy('v3', { supersedes: true })),
    ...{ service: 'shop/checkout', part: 'topology', reason: 'behind deploy of v2, committing' },
    behind: { workflowId: 'w', runId: 'r', note: 'it is not superseded: it is committing' },
  };

  it('is told with who asked, since when, behind what, and what came of superseding it', () => {
    expect(waitingLines(status)).toEqual([
      '  waits: deploy of v3 (supersedes), asked for by ann, waits since 1970-01-01T00:00:01Z: behind deploy of v2, committing; it is not superseded: it is committing',
    ]);
    expect(waitingLines(null)).toEqual([]);
    expect(waitingLines({ ...status, waits: null })).toEqual([]);
  });

  it('fits the Temporal UI whatever it was refused with, and says how to drop it', () => {
    expect(waitingDetails('checkout', status)).toContain('`tidegate rollout drop checkout --part topology`');
    const long = { end: 'refused', text: 'x'.repeat(3_000), atMs: 0, workflowId: '' } as const;
    const ended = [deploy('v1'), deploy('v2')].map((one) => ({ ...one, ...long }));
    const details = waitingDetails('checkout', { ...status, waits: null, ended });
    expect(details.length).toBeLessThanOrEqual(4_000);
    expect(details).toContain('nothing waits');
  });
});
