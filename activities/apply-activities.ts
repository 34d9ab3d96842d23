/** Activities of the queue `tidegate-apply`: reads and writes of clusters on the way forward. */
import type { RolloutActivities } from '../core/contract/activities.ts';
import { applyRouting } from './apply-routing.ts';
import { commit } from './commit.ts';
import type { KubeDeps } from './ports.ts';
import { prepareVersion } from './prepare-version.ts';
import { readRecords } from './read-records.ts';
import { releaseService } from './release-service.ts';
import { retireVersion } from './retire-version.ts';

export interface ApplyDeps extends KubeDeps {
  /** Loads and checks the config that this worker serves. */
  readonly config: { load: RolloutActivities['loadConfig'] };
}

type ApplyActivities = Pick<
  RolloutActivities,
  'loadConfig' | 'readRecords' | 'prepareVersion' | 'applyRouting' | 'commit' | 'retireVersion' | 'releaseService'
>;

export const createApplyActivities = (deps: ApplyDeps): ApplyActivities => ({
  loadConfig: (input) => deps.config.load(input),
  readRecords: (input) => readRecords(deps, input),
  prepareVersion: (input) => prepareVersion(deps, input),
  applyRouting: (input) => applyRouting(deps, input),
  commit: (input) => commit(deps, input),
  retireVersion: (input) => retireVersion(deps, input),
  releaseService: (input) => releaseService(deps, input),
});
