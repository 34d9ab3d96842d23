/** The status of an object in a hub: two writers, and one rule for Ready. */
import { describe, expect, it } from '@jest/globals';
import { acceptedStatus, runStatus, type HubRun, type HubStatus } from '../../../core/config/hub/status.ts';

const problem = { file: 'shop/Service/checkout', line: 0, path: 'spec.mesh', reason: 'there is no mesh x', hint: 'y' };
const right = (before: HubStatus = {}, nowMs = 0): HubStatus =>
  acceptedStatus(before, { generation: 1, problems: [], nowMs });

const run = (more: Partial<HubRun> = {}): HubRun => ({
  ...{ part: 'versions', kind: 'deploy', version: 'v2', phase: 'moving', reason: 'it goes' },
  ...{ workflowId: 'w', runId: 'r1', at: '2026-11-28T10:00:00Z' },
  ...more,
});

const readyOf = ({ conditions = [] }: HubStatus) => conditions.find(({ type }) => type === 'Ready');

describe('Ready', () => {
  it.each([
    ['moving', undefined, 'Unknown', 'Progressing'],
    ['restoring', undefined, 'Unknown', 'Progressing'],
    ['needs-person', undefined, 'Unknown', 'Waiting'],
    ['ended', 'promoted', 'True', 'Promoted'],
    ['ended', 'restored', 'False', 'Restored'],
    ['ended', 'unproven', 'False', 'Unproven'],
  ] as const)(
    'of a run that is %s (%s) is %s: what is not known to be good is not',
    (phase, outcome, status, reason) => {
      const after = runStatus(right(), run({ phase, ...(outcome !== undefined && { outcome }) }));
      expect(readyOf(after)).toMatchObject({ status, reason });
    },
  );

  it('is False while the object is wrong, whatever its last run came to, and remembers that run', () => {
    const promoted = runStatus(right(), run({ phase: 'ended', outcome: 'promoted' }));
    const wrong = acceptedStatus(promoted, { generation: 2, problems: [problem], nowMs: 5_000 });
    expect(readyOf(wrong)).toMatchObject({ status: 'False', reason: 'Invalid', observedGeneration: 2 });
    expect(readyOf(acceptedStatus(wrong, { generation: 3, problems: [], nowMs: 9_000 }))).toMatchObject({
      ...{ status: 'True', reason: 'Promoted', lastTransitionTime: '1970-01-01T00:00:09Z' },
    });
  });

  it('changes its time with its status only, and leaves conditions of others alone', () => {
    const foreign = { type: 'Synced', status: 'True', reason: 'r', message: 'm', lastTransitionTime: 't' } as const;
    const first = right({ conditions: [foreign] });
    const later = right(first, 60_000);
    expect(later).toEqual(first);
    expect(later.conditions).toContainEqual(foreign);
  });
});

describe('the runs of a status', () => {
  it('a start that is refused takes nothing from the run that is in its way', () => {
    const moving = runStatus(right(), run());
    const refused = run({ runId: 'r2', phase: 'ended', outcome: 'refused', at: '2026-11-28T10:01:00Z' });
    expect(runStatus(moving, refused)).toBe(moving);
    const promoted = runStatus(moving, run({ phase: 'ended', outcome: 'promoted' }));
    expect(runStatus(promoted, refused).lastOutcome).toBe('refused');
  });

  it('parts have one each: the end of one does not hide that another moves', () => {
    const both = runStatus(runStatus(right(), run()), run({ part: 'topology', runId: 'r9', kind: 'topology' }));
    const one = runStatus(both, run({ part: 'topology', runId: 'r9', phase: 'ended', outcome: 'promoted' }));
    expect(one).toMatchObject({ phase: 'moving', lastOutcome: 'promoted' });
    expect(readyOf(one)?.reason).toBe('Progressing');
  });

  it('what is told again, late or after the end changes nothing', () => {
    const ended = runStatus(right(), run({ phase: 'ended', outcome: 'promoted' }));
    expect(runStatus(ended, run())).toBe(ended);
    expect(runStatus(ended, run({ runId: 'r0', at: '2026-11-28T09:00:00Z' }))).toBe(ended);
    const moving = runStatus(right(), run());
    expect(runStatus(moving, run({ reason: 'another step', at: '2026-11-28T10:05:00Z' }))).toBe(moving);
  });
});
