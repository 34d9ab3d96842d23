/** A suite that cannot turn red proves nothing: what it holds against a run, on made-up traffic. */
import { describe, expect, it } from '@jest/globals';
import { faults } from '../../chaos/faults/index.ts';
import { cells, named } from '../../chaos/cells.ts';
import { allowedFailures, exposureFaults, failuresOutside } from '../../chaos/clients.ts';
import { phases } from '../../chaos/phases.ts';
import { aws, gcp, type Fault, type Phase, type Scene } from '../../chaos/scene.ts';
import type { Seen } from '../../lab/lab-service.ts';

type Group = Seen['report']['groups'][number];
const scene = { version: 'v2', before: 'v1' } as Scene;
const bake: Phase = named(phases, 'bake');
const fault = (name: string): Fault => named(faults, name);

const group = (given: Partial<Group>): Group => ({
  ...{
    service: 'basket',
    client: aws,
    node: 'n',
    connection: 'new',
    version: 'v1',
    serving: aws,
    outcome: 'ok',
    count: 1,
  },
  ...given,
});

function seen(...groups: Group[]): Seen {
  const byVersion = (client?: string): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const one of groups.filter((each) => client === undefined || each.client === client))
      counts[one.version] = (counts[one.version] ?? 0) + one.count;
    return counts;
  };
  return { report: { groups, failures: [] }, byVersion } as unknown as Seen;
}

describe('the written list of cells', () => {
  it('has every fault and every phase, and at least 120 cells: one that no cell plays would prove nothing', () => {
    expect(cells.length).toBeGreaterThanOrEqual(120);
    for (const { name } of faults) expect([name, cells.some((cell) => cell.fault.name === name)]).toEqual([name, true]);
    for (const { name } of phases) expect([name, cells.some((cell) => cell.phase.name === name)]).toEqual([name, true]);
  });
});

describe('failures of clients', () => {
  const count = (faultName: string, ...groups: Group[]): number =>
    failuresOutside(seen(...groups), scene, { fault: fault(faultName), phase: bake, injected: 0 }).count;

  it('count against a run when the old version or nobody answered; those of the new version are the canary at work', () => {
    const bad = { outcome: '5xx', count: 3 } as const;
    expect(count('api-killed', group(bad), group({ ...bad, version: '' }), group({ ...bad, version: 'v2' }))).toBe(6);
  });

  it('of nobody are those of a canary that is hit, where its clients are, and nowhere else', () => {
    const nobody = { outcome: 'reset', version: '', count: 2 } as const;
    expect(count('canary-crashes', group(nobody))).toBe(0);
    expect(count('canary-crashes', group({ ...nobody, client: gcp }))).toBe(2);
  });

  it('are allowed as many as the fault gives alone, with the noise of two counts: none where it gives none', () => {
    expect(allowedFailures({ failures: 0, requests: 9_000 })).toBe(0);
    expect(allowedFailures({ failures: 50, requests: 9_000 })).toBe(100);
  });
});

describe('an unproven version', () => {
  const restored = { phase: bake, end: 'restored', status: undefined };
  const met = (client: string, count: number): Group => group({ client, version: 'v2', count });

  it('is red in a cluster that no step had given it', () => {
    expect(exposureFaults(seen(met(gcp, 1)), scene, restored)).toEqual([expect.stringContaining(gcp)]);
    expect(exposureFaults(seen(met(aws, 1), group({ count: 9 })), scene, restored)).toEqual([]);
  });

  it('is red beyond the share of its step, and not for the noise of a random split', () => {
    expect(exposureFaults(seen(met(aws, 700), group({ count: 300 })), scene, restored)).toHaveLength(1);
    expect(exposureFaults(seen(met(aws, 520), group({ count: 480 })), scene, restored)).toEqual([]);
  });

  it('is met by nobody when its start was refused', () => {
    expect(exposureFaults(seen(met(aws, 1)), scene, { ...restored, end: 'refused' })).toHaveLength(1);
  });
});
