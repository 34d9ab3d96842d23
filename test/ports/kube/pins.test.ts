/** What callers past Envoy get while a run is under way, and where it leads when the run goes back or was cut off. */
import { describe, expect, it } from '@jest/globals';
import { labels } from '../../../core/kube/labels.ts';
import { adopt, createScene, prepare, route, type Scene } from './scenes.ts';
import { WHOLE, type Shop } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const run = { epoch: 20, run: 'run-2' } as const;

/** v1 is adopted, and run-2 has moved all of aws to v2. */
async function moved(namespace: string, ready = 2): Promise<Scene> {
  const one = await adopt(await createScene({ servers: servers(), clusters }, namespace));
  const { aws } = one;
  const source = { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' };
  await prepare(one, aws, { version: 'v2', replaces: 'v1', source });
  await aws.makeReady('v2', ready);
  await route(one, aws, { ...run, versions: { aws: { v1: 0, v2: WHOLE } } });
  return one;
}

const pinned = async (shop: Shop): Promise<string> => (await shop.frontend()).spec.selector?.[labels.version] ?? '';

const pin = ({ act, aws, service }: Scene, by: { epoch: number; run: string } = run) =>
  act.movePins({ service, clusters: [aws.cluster.ref], version: 'v2', ...by, replaces: null });

const restore = ({ act, aws, service }: Scene, serving: readonly string[] = [], by = { epoch: 21, run: 'run-2' }) =>
  act.restore({ service, cluster: aws.cluster.ref, ...by, serving });

describe('the pin of a wave', () => {
  it('gives callers past Envoy the new version, the record goes on naming the proven one, and the commit finds all done', async () => {
    const one = await moved('pins-moved');
    const { act, aws, service } = one;
    expect(await pin(one)).toMatchObject({ pinnedAtMs: expect.any(Number) });
    expect(await pinned(aws)).toBe('v2');
    expect((await aws.record()).pin).toBe('v1');
    const { resourceVersion } = (await aws.frontend()).metadata;
    await pin(one);
    await act.commit({ service, cluster: aws.cluster.ref, ...run, serving: ['aws'], pin: 'v2' });
    expect((await aws.frontend()).metadata.resourceVersion).toBe(resourceVersion);
    expect((await aws.record()).pin).toBe('v2');
  });

  it('goes back with the weights, by the run itself and by the restore of one that was cut off', async () => {
    for (const [i, by] of [
      { epoch: 21, run: 'run-2' },
      { epoch: 30, run: 'run-3' },
    ].entries()) {
      const one = await moved(`pins-back-${String(i)}`);
      await pin(one);
      const { changes } = await restore(one, [], by);
      expect(changes).toContainEqual({
        ...{ object: 'Service/checkout', action: 'configured', before: 'v2', after: 'v1' },
      });
      expect(await pinned(one.aws)).toBe('v1');
      expect((await restore(one, [], by)).changes).not.toContainEqual(
        expect.objectContaining({ object: 'Service/checkout' }),
      );
    }
  });

  it('goes back also where the route was deleted, and the record with it: it is all that its callers go by', async () => {
    const one = await moved('pins-unrecorded');
    const { act, aws, service } = one;
    await pin(one);
    await aws.cluster.admin.remove(aws.path('CiliumEnvoyConfig', 'tidegate-checkout'));
    const back = { service, cluster: aws.cluster.ref, epoch: 21, run: 'run-2', serving: [] };
    await act.restore({ ...back, pinBack: { from: 'v9', to: 'v1' } });
    expect(await pinned(aws)).toBe('v2');
    const { changes, weights } = await act.restore({ ...back, pinBack: { from: 'v2', to: 'v1' } });
    expect([changes.map(({ object }) => object), weights]).toEqual([['Service/checkout'], {}]);
    expect(await pinned(aws)).toBe('v1');
  });

  it('stays where only other clusters go back', async () => {
    const one = await moved('pins-kept');
    await pin(one);
    await restore(one, ['gcp']);
    expect(await pinned(one.aws)).toBe('v2');
  });

  it('that somebody else has set to what the record does not know is left to them, and a lost frontend holds up no way back', async () => {
    const one = await moved('pins-foreign');
    const { aws } = one;
    await aws.cluster.admin.merge(aws.path('Service', 'checkout'), {
      spec: { selector: { [labels.version]: 'nightly' } },
    });
    await restore(one);
    expect(await pinned(aws)).toBe('nightly');
    await aws.cluster.admin.remove(aws.path('Service', 'checkout'));
    expect((await restore(one)).weights).toMatchObject({});
    expect((await aws.record()).versions.current).toEqual({ aws: { v1: WHOLE, v2: 0 } });
  });

  it('is written in no cluster while one of them has no pods of the version, or another run has the record', async () => {
    const one = await moved('pins-refused', 0);
    await expect(pin(one)).rejects.toMatchObject({ code: 'NotYet' });
    await one.aws.makeReady('v2', 2);
    await expect(pin(one, { epoch: 40, run: 'run-9' })).rejects.toMatchObject({ code: 'FencedOut' });
    expect(await pinned(one.aws)).toBe('v1');
  });
});
