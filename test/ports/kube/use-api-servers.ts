/** API servers for the tests of one file, and the connections to them: there before the first test, gone after the last. */
import { afterAll, beforeAll } from '@jest/globals';
import { createClusters, type Clusters } from '../../../platform/kube/clusters.ts';
import { startApiServers, type TestClusters } from '../../support/api-server.ts';

/** Also where the binaries are still to be built, ms. */
export const START_MS = 300_000;

export function useApiServers(...names: readonly string[]): { clusters: Clusters; servers: () => TestClusters } {
  const clusters = createClusters();
  let started: TestClusters | undefined;
  beforeAll(async () => {
    started = await startApiServers(names);
  }, START_MS);
  afterAll(async () => {
    await clusters.close();
    await started?.stop();
  });
  return {
    clusters,
    servers: () => {
      if (started === undefined) throw new Error('the API servers run during tests only');
      return started;
    },
  };
}
