/** Lab tests that take many minutes: `npm run test:full` has them, `npm test` has not. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { sameTraffic } from '../../core/routing/weights.ts';
import { clusters } from './lab-service.ts';
import { resetTo, theNextDeployIsTaken, workflowTasks } from './runs.ts';
import type { Stage } from './stage.ts';

const HOUR_MS = 3_600_000;
/** Every end that a plan names; a run that asks for a person is none of them. */
const ends = ['promoted', 'restored', 'partial'];

export function longTests(given: () => Stage): void {
  describe('in the long run', () => {
    beforeEach(() => given().settle(), HOUR_MS);

    it(
      'a rollout that is reset to any of its workflow tasks ends in a named state, and the next deploy is taken',
      async () => {
        const { basket, rig } = given();
        for (let task = 0, tasks = 1; task < tasks; task += 1) {
          await basket.configure({ canary: [50, 100], rest: [100], warm: '10m' });
          const run = await basket.deploy(basket.newVersion());
          expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
          const all = await workflowTasks(run);
          tasks = all.length;
          const at = all[task];
          if (at === undefined) break;
          await resetTo(rig.client, run, at);
          const { outcome, reason } = await basket.end();
          expect({ task, outcome, reason, isNamed: ends.includes(String(outcome)) }).toMatchObject({ isNamed: true });
          process.stderr.write(`reset to workflow task ${task + 1} of ${tasks}: ${outcome}: ${reason}\n`);
          for (const cluster of clusters) {
            const { versions } = await basket.record(cluster);
            expect([task, cluster, sameTraffic(versions.current, versions.proven)]).toEqual([task, cluster, true]);
          }
          await theNextDeployIsTaken(given());
        }
      },
      HOUR_MS,
    );

    it(
      'a deploy leaves out a cluster that does not answer, which catches up with the same deploy when it is back',
      async () => {
        const { basket, lab } = given();
        const away = clusters[2];
        await theNextDeployIsTaken(given());
        await lab.break('api-server', away, 'hung');
        const version = basket.newVersion();
        const change = { kind: 'deploy', version, image: `registry.lab/basket:${version}` } as const;
        await basket.begin({ ...change, without: [away] });
        expect(await basket.end()).toMatchObject({ outcome: 'promoted', version });
        await lab.break('heal');
        await basket.begin(change);
        expect(await basket.end()).toMatchObject({ outcome: 'promoted', version });
        expect(await basket.allShares()).toEqual(basket.whole(version));
        await theNextDeployIsTaken(given());
      },
      HOUR_MS,
    );

    it(
      'a cluster joins a mesh whose service has been adopted and deployed without it',
      async () => {
        const { basket, lab } = given();
        const path = join(lab.env.TIDEGATE_CONFIG, 'mesh.yaml');
        const whole = await readFile(path, 'utf8');
        await basket.begin({ kind: 'release' });
        expect(await basket.end()).toMatchObject({ outcome: 'released' });
        const mesh = parse(whole) as { spec: { clusters: { name: string }[] } };
        const smaller = mesh.spec.clusters.filter(({ name }) => name !== clusters[2]);
        try {
          await writeFile(path, stringify({ ...mesh, spec: { ...mesh.spec, clusters: smaller } }));
          await basket.begin({ kind: 'adopt' });
          expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
          await basket.configure({ canary: [50, 100], rest: [100], warm: '10m' });
          const version = basket.newVersion();
          await basket.deploy(version);
          expect(await basket.end()).toMatchObject({ outcome: 'promoted', version });
        } finally {
          await writeFile(path, whole);
        }
        await basket.begin({ kind: 'adopt' });
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        await theNextDeployIsTaken(given());
      },
      HOUR_MS,
    );
  });
}
