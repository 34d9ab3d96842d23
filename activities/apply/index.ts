/** Activities of the queue `tidegate-apply`: reads and writes of clusters on the way forward. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import { beating } from '../beating.ts';
import type { KubeDeps } from '../ports.ts';
import { findNaming, forgetAbsent } from './settle/absences.ts';
import { applyRouting } from './apply-routing.ts';
import { runBefore } from './before/run-before.ts';
import { keepCapacity } from './capacity/keep-capacity.ts';
import { commit } from './commit.ts';
import { dryRunWrites } from './dry-run-writes.ts';
import { leaveClusters } from './settle/leave-clusters.ts';
import { writeClusters, type Writes } from './many/write-clusters.ts';
import { movePins } from './move-pins.ts';
import { prepareVersion } from './prepare-version.ts';
import { readRecords } from './read-records.ts';
import { releaseService } from './release-service.ts';
import { retireVersion } from './retire-version.ts';
import { markPaused } from './settle/pauses.ts';
import { shareService } from './settle/share-service.ts';
import { freeAutoscalers, keepWarm, mendFrontend, mendRoute, pinVersion } from './settle/settle-writes.ts';
import { findUnsettled, surveyService } from './settle/survey.ts';

/** What a run is told of each cluster: all else would make its history long. */
const writes: Writes = {
  prepareVersion: async (deps, input) => ({ templateDigest: (await prepareVersion(deps, input)).templateDigest }),
  runBefore: async (deps, input) => {
    await runBefore(deps, input);
    return {};
  },
  keepCapacity: async (deps, input) => {
    await keepCapacity(deps, input);
    return {};
  },
  applyRouting: async (deps, input) => {
    const { weights, writtenAtMs } = await applyRouting(deps, input);
    return { weights, writtenAtMs };
  },
  commit: async (deps, input) => {
    await commit(deps, input);
    return {};
  },
  releaseService: async (deps, input) => {
    await releaseService(deps, input);
    return {};
  },
};

export const createApplyActivities = (deps: KubeDeps): ActivitiesOf<'apply'> => ({
  readRecords: (input) => beating(deps, 'readRecords', (own) => readRecords(own, input)),
  dryRunWrites: (input) => beating(deps, 'dryRunWrites', (own) => dryRunWrites(own, input)),
  prepareVersion: (input) => beating(deps, 'prepareVersion', (own) => prepareVersion(own, input)),
  runBefore: (input) => beating(deps, 'runBefore', (own) => runBefore(own, input)),
  keepCapacity: (input) => beating(deps, 'keepCapacity', (own) => keepCapacity(own, input)),
  applyRouting: (input) => beating(deps, 'applyRouting', (own) => applyRouting(own, input)),
  commit: (input) => beating(deps, 'commit', (own) => commit(own, input)),
  movePins: (input) => beating(deps, 'movePins', (own) => movePins(own, input)),
  retireVersion: (input) => beating(deps, 'retireVersion', (own) => retireVersion(own, input)),
  releaseService: (input) => beating(deps, 'releaseService', (own) => releaseService(own, input)),
  surveyService: (input) => beating(deps, 'surveyService', (own) => surveyService(own, input)),
  findUnsettled: (input) => beating(deps, 'findUnsettled', (own) => findUnsettled(own, input)),
  freeAutoscalers: (input) => freeAutoscalers(deps, input),
  pinVersion: (input) => pinVersion(deps, input),
  mendFrontend: (input) => (input.route === true ? mendRoute(deps, input) : mendFrontend(deps, input)),
  markPaused: (input) => markPaused(deps, input),
  shareService: (input) => shareService(deps, input),
  findNaming: (input) => beating(deps, 'findNaming', (own) => findNaming(own, input)),
  forgetAbsent: (input) => forgetAbsent(deps, input),
  keepWarm: (input) => keepWarm(deps, input),
  leaveClusters: (input) => beating(deps, 'leaveClusters', (own) => leaveClusters(own, input)),
  writeClusters: (input) => writeClusters(deps, writes, input),
});
