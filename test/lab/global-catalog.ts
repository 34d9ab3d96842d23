/** `catalog`, a service that several clusters serve, under traffic and by the topology that a scene asks for. */
import { expect } from '@jest/globals';
import type { LabRig } from '../support/lab-rig.ts';
import { clusters, labService, modestRate, type LabService, type Rollout } from './lab-service.ts';

/** Adopts it, or, where a scene before has done so with another topology, moves its calls. */
export async function globalCatalog(rig: LabRig, topology: Required<Rollout>['topology']): Promise<LabService> {
  const catalog = labService(rig, 'catalog');
  await catalog.configure({ rest: [100], topology });
  await rig.lab.traffic.start({ service: 'catalog', rate: modestRate });
  const isAdopted = (await catalog.record(clusters[0]).catch(() => null)) !== null;
  if (!isAdopted) await catalog.measured();
  await catalog.begin({ kind: isAdopted ? 'topology' : 'adopt' });
  expect(await catalog.end()).toMatchObject({ outcome: 'promoted' });
  return catalog;
}
