/** Every fault of the suite, by name. */
import type { Fault } from '../scene.ts';
import { peopleFaults } from './people.ts';
import { processFaults } from './processes.ts';
import { serverFaults } from './servers.ts';
import { trafficFaults } from './traffic.ts';

export const faults: readonly Fault[] = [...processFaults, ...serverFaults, ...trafficFaults, ...peopleFaults];
