/** What a version's name stands for, who gets which version past Envoy, and whose record it is: on real API servers. */
import { describe, expect, it } from '@jest/globals';
import { labels } from '../../../core/kube/labels.ts';
import { digestOf } from '../../../core/values/canonical.ts';
import { adopt, createScene, prepare, type Scene } from './scenes.ts';
import { WHOLE } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const adopted = async (namespace: string): Promise<Scene> =>
  adopt(await createScene({ servers: servers(), clusters }, namespace));

const v2 = { version: 'v2', replaces: 'v1', source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' } };

describe('a version name stands for one build', () => {
  it('makes nothing by name alone once its Deployment is gone: it would be another version under that name', async () => {
    const one = await adopted('gone');
    const undo = prepare(one, one.aws, { version: 'v0', replaces: 'v1', source: { deployment: 'checkout-v1' } });
    await expect(undo).rejects.toMatchObject({ code: 'Invalid', message: expect.stringContaining('v0 is gone') });
    expect(await one.aws.list('Deployment')).toEqual(['checkout', 'checkout-v1']);
  });

  it('remembers the template after the Deployment has gone', async () => {
    const one = await adopted('remembered');
    const { aws, act, service } = one;
    const { templateDigest: digest } = await prepare(one, aws, v2);
    const { epoch, run } = (await aws.record()).versions;
    const by = { epoch: epoch + 1, run: 'run-next', turn: 0, replaces: { epoch, run } };
    const build = { version: 'v2', digest, atMs: 7 };
    const enter = { aws: { v1: WHOLE, v2: 0 } };
    await act.applyRouting({ service, cluster: aws.cluster.ref, ...by, versions: enter, build });
    expect((await aws.record()).builds).toEqual({ v2: { digest, atMs: 7 } });
    await aws.cluster.admin.remove(aws.path('Deployment', 'checkout-v2'));
    const other = { ...v2, source: { ...v2.source, image: 'registry.lab/checkout:other' } };
    await expect(prepare(one, aws, other)).rejects.toMatchObject({ code: 'VersionExists' });
    await prepare(one, aws, v2);
    expect(await aws.list('Deployment')).toContain('checkout-v2');
  });
});

describe('the pin', () => {
  it('is put back before there are pods that it must keep callers from', async () => {
    const one = await adopted('pin');
    const { aws } = one;
    expect((await aws.record()).pin).toBe('v1');
    await aws.cluster.admin.merge(aws.path('Service', 'checkout'), { spec: { selector: { [labels.version]: null } } });
    await prepare(one, aws, v2);
    expect((await aws.frontend()).spec.selector).toEqual({ app: 'checkout', [labels.version]: 'v1' });
  });
});

describe('taking a record', () => {
  it('fails when another run came between plan and write, and changes nothing', async () => {
    const one = await adopted('between');
    const { aws, act, service } = one;
    const { epoch, run } = (await aws.record()).versions;
    const cluster = aws.cluster.ref;
    const by = (name: string, ahead: number) => ({
      ...{ epoch: epoch + ahead, run: name, turn: 0, replaces: { epoch, run } },
    });
    const step = { service, cluster, versions: { aws: { v1: 900_000, v2: 100_000 } } };
    await act.applyRouting({ ...step, ...by('run-first', 1) });
    const before = digestOf(await aws.route());
    // It planned from the same world and has the higher epoch: that alone is no right.
    await expect(act.applyRouting({ ...step, ...by('run-second', 9) })).rejects.toMatchObject({ code: 'FencedOut' });
    await expect(act.restore({ service, cluster, ...by('run-second', 9), serving: [] })).rejects.toMatchObject({
      code: 'FencedOut',
    });
    expect(digestOf(await aws.route())).toBe(before);
    // Its own way back; then a forward write of before comes late.
    await act.restore({ service, cluster, ...by('run-first', 2), turn: 1, serving: [] });
    await expect(act.applyRouting({ ...step, ...by('run-first', 1) })).rejects.toMatchObject({ code: 'FencedOut' });
    expect((await aws.record()).versions.current).toEqual({ aws: { v1: WHOLE, v2: 0 } });
  });
});
