import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { withFailures } from '../../../activities/failures.ts';
import { createObserveActivities } from '../../../activities/observe/index.ts';
import { unpacked } from '../../../activities/observe/packed.ts';
import { createVerifyActivities } from '../../../activities/verify/index.ts';
import type { ReachableMesh } from '../../../core/config/types.ts';
import type { WatchSloInput, WatchSloResult } from '../../../core/judge/look/watch.ts';
import type { MetricsRef } from '../../../core/judge/series/metrics-ref.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { createMetricsClients } from '../../../platform/metrics/clients.ts';
import { ownMeshes } from '../../../worker/mesh-config.ts';
import { meshMetrics } from '../../../worker/mesh-metrics.ts';
import { noKube } from '../../support/no-kube.ts';

const own = { url: 'http://127.0.0.1:1', tokenEnv: 'PROMETHEUS_TOKEN' };
const readMeshes = async (): Promise<readonly ReachableMesh[]> => [
  { name: 'shop', installation: 'default', clusters: [], metrics: own },
];
let nowMs = 0;
const meshesOf = (config: { readMeshes: typeof readMeshes }) => ownMeshes({ config, nowMs: () => (nowMs += 10_000) });
const clientsOf = (env: Record<string, string>) => createMetricsClients({ env, now: Date.now });

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
const stratum = { serving: 'aws', share: 50_000, newVersion: 'v2', oldVersion: 'v1', clients: ['aws'] };
const watch = (mode: 'bake' | 'hold', maxUnknownMs: number): WatchSloInput => ({
  service,
  strata: [{ ...stratum, newStat: 'shop_v2', oldStat: 'shop_v1', sinceMs: 0 }],
  slos: [{ name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 }],
  judge: { type: 'threshold', pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
  warmUpMs: 0,
  mode,
  bakeMs: 0,
  maxUnknownMs,
});

describe('the metrics of a mesh', () => {
  it('are those of the worker’s own config, whatever a plan says', async () => {
    const asked: MetricsRef[] = [];
    const { connect } = clientsOf({ PROMETHEUS_TOKEN: 'secret', AWS_SECRET_ACCESS_KEY: 'more' });
    const of = meshMetrics({ meshes: meshesOf({ readMeshes }), connect: (ref) => (asked.push(ref), connect(ref)) });
    const { probeSlos } = withFailures(createVerifyActivities({ connectMetrics: of, now: Date.now }));
    const stolen = { url: 'http://127.0.0.1:2', tokenEnv: 'AWS_SECRET_ACCESS_KEY' };
    const input = { service, slos: watch('bake', 0).slos, clusters: ['aws'], metrics: stolen };
    await new MockActivityEnvironment().run(probeSlos, input);
    expect(asked).toEqual([own]);
  });

  it('stay those that were known when the config cannot be read', async () => {
    let broken = false;
    const config = {
      readMeshes: () => (broken ? Promise.reject(new TidegateError('Invalid', 'half written')) : readMeshes()),
    };
    const of = meshMetrics({ meshes: meshesOf(config), connect: clientsOf({ PROMETHEUS_TOKEN: 'secret' }).connect });
    const before = await of('shop');
    broken = true;
    expect(await of('shop')).toBe(before);
    await expect(of('other')).rejects.toMatchObject({ code: 'Unavailable', message: expect.stringContaining('half') });
  });
});

describe('a worker without its token', () => {
  const deps = {
    connectMetrics: meshMetrics({ meshes: meshesOf({ readMeshes }), connect: clientsOf({}).connect }),
    now: Date.now,
  };
  const { watchSlo, probeSlos } = withFailures({
    ...createObserveActivities({ ...deps, ...noKube }),
    ...createVerifyActivities(deps),
  });

  it('leaves the watch to the next attempt, quietly and with what was known: it ends no healthy rollout', async () => {
    for (const mode of ['bake', 'hold'] as const) {
      const environment = new MockActivityEnvironment();
      const beats: unknown[] = [];
      environment.on('heartbeat', (state: unknown) => beats.push(state));
      await expect(environment.run(watchSlo, watch(mode, 60_000))).rejects.toMatchObject({
        type: 'WindowEnd',
        nonRetryable: false,
        category: 'BENIGN',
      });
      expect(unpacked(beats.at(-1))).toMatchObject({ startedAtMs: expect.any(Number) });
    }
  });

  it('says unknown with the reason when no other took it for as long as unknown may hold a step', async () => {
    const { verdict, reason } = await new MockActivityEnvironment().run<
      [WatchSloInput],
      WatchSloResult,
      typeof watchSlo
    >(watchSlo, watch('bake', 0));
    expect([verdict, reason]).toEqual(['unknown', expect.stringContaining('PROMETHEUS_TOKEN')]);
  });

  it('refuses a plan only after others were asked', async () => {
    const input = { service, slos: watch('bake', 0).slos, clusters: ['aws'] };
    await expect(new MockActivityEnvironment({ attempt: 1 }).run(probeSlos, input)).rejects.toMatchObject({
      type: 'Unavailable',
      nonRetryable: false,
    });
    expect(await new MockActivityEnvironment({ attempt: 3 }).run(probeSlos, input)).toEqual([
      expect.stringContaining('PROMETHEUS_TOKEN'),
    ]);
  });
});
