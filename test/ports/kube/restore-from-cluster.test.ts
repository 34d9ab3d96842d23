/** One attempt of `restore --from-cluster`, on real API servers: it needs the record alone, and reads it back. */
import { describe, expect, it } from '@jest/globals';
import { bringBack } from '../../../cli/rollouts/restore-from-cluster.ts';
import { adopt, createScene } from './scenes.ts';
import { testDeps, WHOLE } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

describe('restore --from-cluster', () => {
  it('takes the record from whatever run has it, restores it, and does no harm when it is repeated', async () => {
    const { aws, act, service } = await adopt(await createScene({ servers: servers(), clusters }, 'cli-back'));
    const cluster = aws.cluster.ref;
    const { epoch, run } = (await aws.record()).versions;
    // A run whose clock was ahead, and that was terminated in mid-step.
    const by = { epoch: epoch + 1_000_000, run: 'run-gone', turn: 0, replaces: { epoch, run } };
    await act.applyRouting({ service, cluster, ...by, versions: { aws: { v1: 900_000, v2: 100_000 } } });
    const deps = testDeps(clusters);
    expect(await bringBack(deps, { service, cluster })).toContain('CiliumEnvoyConfig/tidegate-checkout configured');
    const { versions } = await aws.record();
    expect(versions.current).toMatchObject({ aws: { v1: WHOLE } });
    expect(versions.run).toMatch(/^cli-/);
    expect(versions.epoch).toBeGreaterThan(by.epoch);
    expect(await bringBack(deps, { service, cluster })).not.toBeUndefined();
    expect((await aws.record()).versions.current).toEqual(versions.current);
    // The run that wakes up later is overtaken.
    const late = { service, cluster, ...by, versions: { aws: { v1: 0, v2: WHOLE } } };
    await expect(act.applyRouting(late)).rejects.toMatchObject({ code: 'FencedOut' });
  });

  it('brings back every part that is half moved, or the one that is named', async () => {
    const { aws, act, service } = await adopt(await createScene({ servers: servers(), clusters }, 'cli-parts'));
    const cluster = aws.cluster.ref;
    const owned = { epoch: 20, turn: 1, replaces: { epoch: 10, run: 'run-1' } };
    const topology = { shares: { aws: 500_000, gcp: 500_000 }, serves: { gcp: { v1: WHOLE } } };
    await act.applyRouting({ service, cluster, ...owned, run: 'mover', topology });
    await act.applyRouting({ service, cluster, ...owned, run: 'deployer', versions: { aws: { v1: 0, v2: WHOLE } } });
    const deps = testDeps(clusters);
    await bringBack(deps, { service, cluster, part: 'topology' });
    const first = await aws.record();
    expect([first.topology.current, first.versions.run]).toEqual([{ aws: WHOLE, gcp: 0 }, 'deployer']);
    await act.applyRouting({
      ...{ service, cluster, epoch: 30, run: 'mover-2', turn: 1, topology },
      replaces: first.topology,
    });
    await bringBack(deps, { service, cluster });
    const { topology: calls, versions } = await aws.record();
    expect([calls.current, versions.current?.['aws']]).toEqual([
      { aws: WHOLE, gcp: 0 },
      { v1: WHOLE, v2: 0 },
    ]);
  });

  it('finds nothing to restore where the service has no record', async () => {
    const { aws, service } = await createScene({ servers: servers(), clusters }, 'cli-none');
    expect(await bringBack(testDeps(clusters), { service, cluster: aws.cluster.ref })).toBeUndefined();
  });
});
