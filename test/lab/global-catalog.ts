/** `catalog`, a service that several clusters serve, under traffic and by the topology that a scene asks for. */
import { expect } from '@jest/globals';
import type { LabRig } from '../support/lab-rig.ts';
import { clusters, labService, modestRate, type LabService, type Rollout } from './lab-service.ts';

/** Adopts it, or, where a scene before has done so, moves its calls. */
export async function globalCatalog(rig: LabRig, topology: Required<Rollout>['topology']): Promise<LabService> {
  const catalog = labService(rig, 'catalog');
  await catalog.configure({ rest: [100], topology });
  await rig.lab.traffic.start({ service: 'catalog', rate: modestRate });
  if ((await catalog.record(clusters[0]).catch(() => null)) === null) {
    await catalog.measured();
    await catalog.begin({ kind: 'adopt' });
    expect(await catalog.end()).toMatchObject({ outcome: 'promoted' });
  } else expect(await rig.tidegate('topology', 'apply', 'catalog')).toMatchObject({ code: 0 });
  return catalog;
}
