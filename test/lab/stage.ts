/** What a lab scenario plays on: the service `basket`, adopted and under traffic, with nothing wrong at the start. */
import type { Lab } from '../../infra/lab/client.ts';
import type { LabRig } from '../support/lab-rig.ts';
import { labService, modestRate, type LabService } from './lab-service.ts';

export interface Stage {
  readonly rig: LabRig;
  readonly lab: Lab;
  readonly basket: LabService;
  /** Modest traffic to `basket` from every cluster. */
  flow(): Promise<void>;
  /** Before each test: modest traffic, no fault, no open rollout, everything proven. */
  settle(): Promise<void>;
}

/** `rate`: requests per second of each cluster. */
export async function openStage(rig: LabRig, rate: number = modestRate): Promise<Stage> {
  const { lab } = rig;
  const basket = labService(rig, 'basket');
  const flow = (): Promise<void> => lab.traffic.start({ service: 'basket', rate });
  await flow();
  await basket.configure({ canary: [100], rest: [100] });
  await basket.measured();
  await basket.begin({ kind: 'adopt' });
  const { outcome, reason } = await basket.end();
  if (outcome !== 'promoted') throw new Error(`basket could not be adopted: ${reason}`);
  return {
    rig,
    lab,
    basket,
    flow,
    async settle() {
      // An API server that a test left hung would not even take the traffic.
      await lab.break('heal');
      await flow();
      await basket.settle();
    },
  };
}
