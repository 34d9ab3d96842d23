/** `catalog`, a service that several clusters serve, under traffic and by the topology that a scene asks for. */
import { expect } from '@jest/globals';
import { messageNames } from '../../core/contract/messages.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { sameShares } from '../../core/routing/part.ts';
import { WHOLE } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import type { LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { clusters, labService, modestRate, type LabService, type Rollout } from './lab-service.ts';

const ofPercent = (percents: Readonly<Record<string, number>> = {}): Record<string, number> =>
  Object.fromEntries(Object.entries(percents).map(([name, percent]) => [name, (percent * WHOLE) / 100]));

/** Adopts it, or, where a scene before has done so with another topology, moves its calls. */
export async function globalCatalog(rig: LabRig, topology: Required<Rollout>['topology']): Promise<LabService> {
  const catalog = labService(rig, 'catalog');
  await catalog.configure({ rest: [100], topology });
  await rig.lab.traffic.start({ service: 'catalog', rate: modestRate });
  const records = await Promise.all(clusters.map((one) => catalog.record(one).catch(() => null)));
  const isAdopted = records.every((record) => record !== null);
  if (isAdopted && records.every((one) => sameShares(one.topology.proven, ofPercent(topology[one.cluster]))))
    return catalog;
  // A deploy that ends meanwhile would take away the version that the move is judged by.
  if (isAdopted) await catalog.end();
  else await catalog.measured();
  const run = await catalog.begin({ kind: isAdopted ? 'topology' : 'adopt' });
  await assertEventually(
    async () => expect(await run.query<RolloutStatus>(messageNames.status)).toMatchObject({ outcome: 'promoted' }),
    limits.rollout,
  );
  return catalog;
}
