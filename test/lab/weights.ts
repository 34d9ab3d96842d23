/**
 * Do clients get the shares that were asked for? On `catalog`, a global service: the split has two levels (cluster, then
 * version), and part of the pods lie behind a stub in another cluster. Fixed numbers, alpha 1e-6, one try.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LabRig } from '../support/lab-rig.ts';
import { isFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import { clusters, labService, type LabService, type Seen } from './lab-service.ts';

/** Per client cluster: who answers, in percent. */
const topology: Record<string, Record<string, number>> = {
  'aws-us-east-1': { 'aws-us-east-1': 70, 'gcp-europe-west1': 20, 'onprem-fra1': 10 },
  'gcp-europe-west1': { 'gcp-europe-west1': 60, 'onprem-fra1': 40 },
  'onprem-fra1': { 'onprem-fra1': 75, 'aws-us-east-1': 25 },
};
/** Upper quantiles of χ² at 1e-6 by degrees of freedom. */
const criticalAt1e6 = [0, 23.93, 27.63, 30.66, 33.38, 35.89];
const ratePerCluster = 300;
/** Requests of a step: a χ² at this n sees an error of about two points. */
const perStep = 9_000;
/** With so many requests one point is at least five standard deviations of any share. */
const FOR_ONE_POINT = 62_500;
const first = isFull ? FOR_ONE_POINT : perStep;

export function weights(rig: () => LabRig): void {
  describe('weights', () => {
    let catalog: LabService;
    let version: string;

    beforeAll(async () => {
      catalog = labService(rig(), 'catalog');
      version = catalog.newVersion();
      await catalog.configure({ rest: [100], topology });
      await rig().lab.traffic.start({ service: 'catalog', rate: ratePerCluster });
      await catalog.measured();
      await catalog.begin({ kind: 'adopt' });
      expect(await catalog.end()).toMatchObject({ outcome: 'promoted' });
      await catalog.configure({
        canary: [[30, 'approve'], [65, 'approve'], 100],
        rest: [[50, 'approve'], 100],
        topology,
      });
      await catalog.deploy(version);
    }, limits.labTest);

    afterAll(() => rig().lab.traffic.stop());

    const steps = [
      { wave: 1, step: 1, share: { 'aws-us-east-1': 0.3 }, n: first },
      { wave: 1, step: 2, share: { 'aws-us-east-1': 0.65 }, n: perStep },
      { wave: 2, step: 1, share: { 'aws-us-east-1': 1, 'gcp-europe-west1': 0.5, 'onprem-fra1': 0.5 }, n: perStep },
    ];

    it.each(steps)(
      'wave $wave step $step: what new connections of each client cluster got fits the weights (χ², p ≥ 1e-6, $n requests)',
      async ({ wave, step, share, n }) => {
        await catalog.until((now) => now.phase === 'gated' && now.wave === wave && now.step === step);
        const seen = await catalog.requests(n);
        for (const client of clusters) {
          const wanted = expectedShares(client, share, version);
          expect({ client, ...fit(newConnections(seen, client), wanted) }).toMatchObject({ client, fits: true });
        }
        if (n >= FOR_ONE_POINT) expect(worstPoint(seen, share, version)).toBeLessThan(1);
        expect(seen.failuresOutside()).toEqual([]);
        await catalog.say('approve', { reason: 'the shares fit' });
      },
      limits.labTest,
    );

    it(
      'and the rollout is promoted',
      async () => {
        expect(await catalog.end()).toMatchObject({ outcome: 'promoted' });
      },
      limits.labTest,
    );
  });
}

type Cells = Readonly<Record<string, number>>;

const cellOf = (version: string, serving: string): string => `${version} ${serving}`;

/** Two levels: the cluster's share of the client's calls, times the version's share there. */
function expectedShares(client: string, share: Readonly<Record<string, number>>, version: string): Cells {
  const cells = Object.entries(topology[client] ?? {}).flatMap(([serving, percent]) => {
    const part = share[serving] ?? 0;
    return [
      [cellOf('v1', serving), (percent / 100) * (1 - part)],
      [cellOf(version, serving), (percent / 100) * part],
    ] as [string, number][];
  });
  return Object.fromEntries(cells.filter(([, expected]) => expected > 0));
}

const newConnections = (seen: Seen, client: string): Cells =>
  counted(seen, (group) => group.client === client && group.connection === 'new');

function counted(seen: Seen, chosen: (group: Seen['report']['groups'][number]) => boolean): Cells {
  const cells: Record<string, number> = {};
  for (const group of seen.report.groups.filter(chosen)) {
    const cell = cellOf(group.version, group.serving);
    cells[cell] = (cells[cell] ?? 0) + group.count;
  }
  return cells;
}

const sum = (cells: Cells): number => Object.values(cells).reduce((total, one) => total + one, 0);

/** A request that no cell expects does not fit at all. */
function fit(observed: Cells, expected: Cells): { fits: boolean; n: number; chi2: number; observed: Cells } {
  const n = sum(observed);
  const stray = Object.keys(observed).some((cell) => expected[cell] === undefined);
  const chi2 = Object.entries(expected).reduce(
    (total, [cell, share]) => total + ((observed[cell] ?? 0) - n * share) ** 2 / (n * share),
    0,
  );
  const critical = criticalAt1e6[Object.keys(expected).length - 1] ?? NaN;
  return { fits: !stray && chi2 <= critical, n, chi2, observed };
}

/** Largest difference between the share that was seen and the one asked for, over all clients, in points. */
function worstPoint(seen: Seen, share: Readonly<Record<string, number>>, version: string): number {
  const observed = counted(seen, () => true);
  const expected: Record<string, number> = {};
  for (const client of clusters) {
    const n = sum(counted(seen, (group) => group.client === client));
    for (const [cell, part] of Object.entries(expectedShares(client, share, version)))
      expected[cell] = (expected[cell] ?? 0) + n * part;
  }
  const n = sum(observed);
  const cells = new Set([...Object.keys(observed), ...Object.keys(expected)]);
  return Math.max(...[...cells].map((cell) => (Math.abs((observed[cell] ?? 0) - (expected[cell] ?? 0)) / n) * 100));
}
