/** Every lab test, in one file: one lab for all of them, one test after the other, since they share its traffic. */
import { afterAll, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import { isFull } from '../support/full.ts';
import { startLabRig, type LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { blindness } from './blindness.ts';
import { breaches } from './breaches.ts';
import { chaos } from '../chaos/chosen.ts';
import { deadWorker } from './dead-worker.ts';
import { drains } from './drains.ts';
import { drills } from './drills.ts';
import { frontDoor } from './front-door.ts';
import { gaps } from './gaps.ts';
import { lostCluster } from './lost-cluster.ts';
import { grpc } from './grpc.ts';
import { longTests } from './long.ts';
import { pastEnvoy } from './past-envoy.ts';
import { people } from './people.ts';
import { replacedWorkers } from './replaced-workers.ts';
import { routingFaults } from './routing-faults.ts';
import { sequences } from './sequences.ts';
import { sequential } from './sequential.ts';
import { sickPods } from './sick-pods.ts';
import { openStage, type Stage } from './stage.ts';
import { tellStory } from './story.ts';
import { testers } from './testers.ts';
import { topology } from './topology.ts';
import { weights } from './weights.ts';

let rig: LabRig;

beforeAll(async () => {
  rig = await startLabRig();
}, limits.labUp);

afterAll(() => rig?.stop(), limits.labDown);

// Jest says nothing before the file ends, and this one takes minutes.
beforeEach(() => void process.stderr.write(`${new Date().toISOString()} ${expect.getState().currentTestName ?? ''}\n`));

tellStory(() => rig);
weights(() => rig);
drains(() => rig);
drills(() => rig);
lostCluster(() => rig);
grpc(() => rig);

describe('an adopted service', () => {
  let stage: Stage;
  const given = (): Stage => stage;

  beforeAll(async () => {
    stage = await openStage(rig);
  }, limits.labTest);

  // First: adopting again after a lost route needs that one version runs there, and later tests leave some behind.
  routingFaults(given);
  sequences(given);
  topology(given);
  breaches(given);
  sequential(given);
  gaps(given);
  pastEnvoy(given);
  people(given);
  testers(given);
  blindness(given);
  sickPods(given);
  frontDoor(given);
  deadWorker(given);
  chaos(given);
  if (!isFull) return;
  longTests(given);
  replacedWorkers(given);
});
