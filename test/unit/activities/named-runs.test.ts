/** Results name the run that they were made for: a run that was reset learns by them that it is another one. */
import { describe, expect, it } from '@jest/globals';
import { prepareVersion } from '../../../activities/apply/prepare-version.ts';
import { standaloneActivity, systemClock, type KubeDeps } from '../../../activities/ports.ts';
import { restore } from '../../../activities/restore/restore.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
const cluster = { name: 'aws' };

function depsOf(runId: string, connect: () => KubeCluster): KubeDeps {
  const activity = { ...standaloneActivity(new AbortController().signal, 0), runId: () => runId };
  return { clusters: { connect: () => Promise.resolve(connect()) }, clock: systemClock, activity };
}

describe('an activity of a run that was reset', () => {
  it('does not wait for pods first: prepareVersion tells at once, and calls nobody', async () => {
    const untouched = depsOf('new', () => {
      throw new RangeError('a cluster was called');
    });
    const rest = { version: 'v2', replaces: 'v1', source: { deployment: 'd' }, workload: 'managed' as const };
    const input = { service, cluster, ...rest, progressDeadlineMs: 60_000, run: 'old' };
    expect(await prepareVersion(untouched, { ...input, ranAs: 'old' })).toMatchObject({ resetTo: 'new' });
    await expect(prepareVersion(untouched, { ...input, ranAs: 'new' })).rejects.toThrow('a cluster was called');
    // An older workflow does not say who it is.
    await expect(prepareVersion(untouched, input)).rejects.toThrow('a cluster was called');
  });

  it('that restores is named in the result, as one that writes a share is', async () => {
    const empty = { name: 'aws', get: () => Promise.resolve(null) } as unknown as KubeCluster;
    const input = { service, cluster, epoch: 2, run: 'old', serving: [] };
    expect(
      await restore(
        depsOf('new', () => empty),
        input,
      ),
    ).toMatchObject({ by: 'new', changes: [] });
  });
});
