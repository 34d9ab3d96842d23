/** The door: every kind of change that is accepted, planned only, or refused. */
import { ApplicationFailure } from '@temporalio/common';
import { WHOLE } from '../../../core/values/share.ts';
import { clusterNames, record, testRead, unadopted, workload } from '../../support/facts.ts';
import { settlingWorld } from '../../support/settling-world.ts';
import { baking } from './ends.ts';
import { failing, type Scenario, type Stage } from './stage.ts';

const deploy = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;

const ownRecord = (service: string, cluster: string, proven: Record<string, number>) =>
  record(cluster, proven, { service });

/** Every cluster serves v2, and v1 is still warm. */
const promoted = (service: string) => async () =>
  testRead(
    Object.fromEntries(
      clusterNames.map((name) => {
        const own = ownRecord(service, name, { v2: WHOLE });
        const versions = { ...own.versions, previous: { [name]: 'v1' } };
        return [name, { record: { ...own, versions }, workloads: [workload('v2'), workload('v1')] }];
      }),
    ),
  );

/** What a start is answered; nothing comes of it. */
const answered = (
  name: string,
  overrides: (service: string) => Parameters<typeof settlingWorld>[1],
  play: (stage: Stage) => Promise<unknown>,
): Scenario => ({
  name: `start-${name}`,
  world: (service) => settlingWorld(service, overrides(service)),
  play: async (stage) => void (await play(stage)),
});

const none = () => ({});
const says =
  <T>(answer: T) =>
  async (): Promise<T> =>
    answer;

export const starts: readonly Scenario[] = [
  answered('deploy', none, async ({ ask, run, settles }) => {
    await ask(deploy);
    await run().result();
    await settles('waiting');
  }),
  answered(
    'adopt',
    () => ({ readRecords: says(unadopted()) }),
    async ({ ask, run }) => {
      await ask({ kind: 'adopt', version: 'v1' });
      await run().result();
    },
  ),
  answered(
    'undo',
    (service) => ({ readRecords: promoted(service) }),
    async ({ ask, run }) => {
      await ask({ kind: 'undo' });
      await run().result();
    },
  ),
  answered('release', none, async ({ ask, run }) => {
    await ask({ kind: 'release' });
    await run().result();
  }),
  answered('restore', none, async ({ ask, run }) => {
    await ask({ kind: 'restore' });
    await run().result();
  }),
  answered('dry-run', none, ({ ask }) => ask(deploy, { dryRun: true })),
  answered('malformed', none, ({ ask }) => failing(ask({ kind: 'nothing' } as never))),
  answered(
    'beside-a-run',
    () => baking,
    async ({ ask, until, say, run }) => {
      await ask(deploy);
      await until('baking');
      await ask(deploy, { dryRun: true });
      await failing(ask({ ...deploy, version: 'v3' }));
      await say('abort');
      await run().result();
    },
  ),
  answered(
    'unmeasured',
    () => ({ probeSlos: says(['errors: no metric']) }),
    ({ ask }) => failing(ask(deploy)),
  ),
  answered(
    'refused-by-dry-run',
    () => ({ dryRunWrites: says({ refused: ['a policy'], untried: [] }) }),
    ({ ask }) => failing(ask(deploy)),
  ),
  answered(
    'not-adopted',
    () => ({ readRecords: says(unadopted()) }),
    ({ ask }) => failing(ask(deploy)),
  ),
  answered(
    'without-config',
    () => ({ loadConfig: () => Promise.reject(ApplicationFailure.nonRetryable('no file', 'Unavailable')) }),
    ({ ask }) => failing(ask(deploy)),
  ),
];
