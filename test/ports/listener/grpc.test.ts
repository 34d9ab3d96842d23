/** gRPC through the rendered listener in a real Envoy: its status is counted, judged, and nothing of it is changed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { rulesOf } from '../../../cli/judge/watch-input.ts';
import { defaultGrpcSlos, defaultSlos } from '../../../core/config/defaults.ts';
import { endedOf, sumCells } from '../../../core/judge/arms/arms.ts';
import { envoyGrpcArm } from '../../../core/judge/arms/grpc-status.ts';
import { replayLooks, type ReplayedLook } from '../../../core/judge/look/replay.ts';
import type { WatchSloInput } from '../../../core/judge/look/watch.ts';
import { defaultBadCodes } from '../../../core/judge/rpc-codes.ts';
import { countIncrements } from '../../../core/judge/series/counters.ts';
import { envoyGrpc } from '../../../core/judge/series/selectors.ts';
import type { Slo } from '../../../core/judge/settings.ts';
import { desiredObjects } from '../../../core/render/render.ts';
import type { RoutingRecord, Weight } from '../../../core/routing/record.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { createRecordedSource } from '../../../platform/metrics/recorded.ts';
import { parseByCilium } from '../../golden/routing/cilium-and-envoy.ts';
import { startEnvoy, type RunningEnvoy } from '../../golden/routing/running-envoy.ts';
import { assertEventually } from '../../support/eventually.ts';
import { recordOf } from '../../unit/routing/records.ts';
import { startOrigin } from './origin.ts';
import { grpcCaller, startGrpcService, type GrpcCaller, type GrpcService } from './grpc-service.ts';
import { scrapesOf } from './scrapes.ts';

/** As in test/golden: getting the binaries may mean building them. */
const OBTAIN_LIMIT_MS = 1_800_000;
/** Some 4 000 calls; on a machine that is busy with other tests many times as long. */
const CALLS_LIMIT_MS = 120_000;

const CLUSTER = 'aws-us-east-1';
const [NEW_SHARE, WHOLE] = [50_000, 1_000_000];

const plain = recordOf({
  topology: { [CLUSTER]: WHOLE },
  current: { [CLUSTER]: { v1: WHOLE - NEW_SHARE, v2: NEW_SHARE } },
});
const record: RoutingRecord = { ...plain, frontend: { ...plain.frontend, portName: 'grpc', protocol: 'grpc' } };
const [v1, v2] = weightsOf(record, 'current') as [Weight, Weight];

let envoy: RunningEnvoy;
let caller: GrpcCaller;
/** v1 fails one call of 1000, v2 every fifth, and has answers that are no failure of a server. */
let services: readonly [GrpcService, GrpcService];

/** What Cilium's parser makes of the route, in a stock Envoy; `ports` are those of v1 and v2. */
const envoyOf = async (of: RoutingRecord, ports: readonly number[]): Promise<RunningEnvoy> => {
  const binaries = await obtainBinaries({ names: ['cec-check', 'envoy'], report: () => {} });
  const parsed = parseByCilium(binaries['cec-check'], desiredObjects(of, { redirect: true }).at(-1));
  if (!parsed.ok) throw new Error(parsed.error);
  const endpoints = Object.fromEntries(
    [v1, v2].map(({ name }, i) => [`${of.namespace}/${name}:${String(of.frontend.port)}`, [ports[i] ?? 0]]),
  );
  return startEnvoy({ binary: binaries.envoy, parsed, endpoints });
};

beforeAll(async () => {
  services = [
    await startGrpcService((n) => (n % 1_000 === 999 ? '13' : '0')),
    await startGrpcService((n) => (n % 5 === 0 ? '13' : n % 7 === 0 ? '5' : '0')),
  ];
  envoy = await envoyOf(
    record,
    services.map(({ port }) => port),
  );
  caller = grpcCaller(envoy.port);
}, OBTAIN_LIMIT_MS);

afterAll(async () => {
  caller.close();
  await envoy.close();
  await Promise.all(services.map((service) => service.close()));
});

const clusters = [CLUSTER];
const scrapes = scrapesOf({ k8s_cluster_name: CLUSTER, instance: 'node-1' });
const scrape = async (): Promise<number> => {
  const atMs = Date.now();
  scrapes.take(await envoy.prometheus(), atMs);
  return atMs;
};

const inputOf = (slos: readonly Slo[], sinceMs: number): WatchSloInput => ({
  service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'main' },
  strata: [
    {
      ...{ serving: CLUSTER, share: NEW_SHARE, clients: clusters, sinceMs },
      ...{ newVersion: 'v2', oldVersion: 'v1', newStat: v2.statName, oldStat: v1.statName },
    },
  ],
  slos,
  ...{ judge: rulesOf(null, { pollMs: 500 }).judge, warmUpMs: 0, mode: 'bake', bakeMs: 600_000, maxUnknownMs: 0 },
});

const looksAt = async (slos: readonly Slo[], times: { sinceMs: number; toMs: number }): Promise<ReplayedLook[]> => {
  const { signal } = new AbortController();
  const looks: ReplayedLook[] = [];
  const metrics = createRecordedSource(scrapes.series);
  for await (const one of replayLooks(inputOf(slos, times.sinceMs), { metrics, toMs: times.toMs, signal }))
    looks.push(one);
  return looks;
};

const atEnvoy = (slos: readonly Slo[]): readonly Slo[] => slos.filter(({ source }) => source === 'envoy');

describe('gRPC calls of which the new version fails 20 % in trailers, at a share of 5 %', () => {
  let times: { readonly sinceMs: number; readonly toMs: number };

  beforeAll(async () => {
    const sinceMs = await scrape();
    const [held] = [caller.call('Watch')];
    let toMs = sinceMs;
    const ends: { readonly status: string; readonly http: number }[] = [];
    const seen = (): number => [...(services[1].ended.values() ?? [])].reduce((sum, n) => sum + n, 0);
    while (seen() < 200) {
      const calls = Array.from({ length: 200 }, () => caller.call());
      ends.push(...(await Promise.all(calls)));
      if (Date.now() - toMs >= 250) toMs = await scrape();
    }
    // A stream that was open all the while ends as its server says.
    services.forEach((service) => service.release());
    ends.push(await held);
    times = { sinceMs, toMs: await scrape() };
    expect(new Set(ends.map(({ http }) => http))).toEqual(new Set([200]));
    expect(ends.filter(({ status }) => status === '').length).toBe(0);
    expect(ends.at(-1)?.status).toBe('0');
  }, CALLS_LIMIT_MS);

  it('are counted by Envoy to the last one, under the names and labels that the judge asks for', () => {
    const query = envoyGrpc({ stats: [v1.statName, v2.statName], clusters }, defaultBadCodes);
    const raw = scrapes.series.filter(
      ({ labels }) =>
        query.names.includes(labels['__name__'] ?? '') &&
        Object.entries(query.labels).every(([label, values]) => values.includes(labels[label] ?? '')),
    );
    const counted = countIncrements(raw, times.sinceMs - 60_000);
    [v1, v2].forEach(({ statName: stat }, i) => {
      const arm = envoyGrpcArm(counted, { stat, clients: clusters, badCodes: undefined });
      const ended = services[i]?.ended ?? new Map<string, number>();
      const total = [...ended.values()].reduce((sum, n) => sum + n, 0);
      expect(endedOf(sumCells(arm.cells, 0))).toEqual({ total, bad: ended.get('13') ?? 0 });
      expect(arm.missing).toBe('');
    });
    expect(services[1].ended.get('5')).toBeGreaterThan(20);
  });

  it('shows the hazard: to the SLO of HTTP status not one has failed', async () => {
    const looks = await looksAt(atEnvoy(defaultSlos), times);
    expect(looks.map(({ verdict }) => verdict)).not.toContain('breach');
    expect(looks.at(-1)?.readings[0]).toMatchObject({ newBad: 0 });
  });

  it('breach with the SLO of gRPC status', async () => {
    const looks = await looksAt(atEnvoy(defaultGrpcSlos), times);
    const breach = looks.find(({ verdict }) => verdict === 'breach');
    expect(breach?.readings.find(({ verdict }) => verdict === 'breach')).toMatchObject({ slo: 'grpc-errors' });
  });
});

describe('a request timeout', () => {
  it('ends a stream of gRPC, as plan says, and no WebSocket; an idle time of pods ends neither', async () => {
    const policy = { requestTimeoutMs: 1_000, upstreamIdleMs: 200, connectTimeoutMs: 1_000 };
    const hasty = { ...record, policy: { ...record.policy, current: policy, proven: policy } };
    const [grpc, app] = [await startGrpcService(() => '0'), await startOrigin()];
    const envoys = await Promise.all([grpc.port, app.port].map((port) => envoyOf(hasty, [port, port])));
    const [ofGrpc, ofApp] = envoys as [RunningEnvoy, RunningEnvoy];
    const calls = grpcCaller(ofGrpc.port);
    const socket = connect(ofApp.port, '127.0.0.1');
    socket.write('GET /answer/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const began = Date.now();
    expect(await calls.call('Watch')).toEqual({ status: '', http: 200 });
    expect(Date.now() - began).toBeGreaterThan(900);
    const heard: string[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    socket.write('still here');
    await assertEventually(() => expect(heard.join('')).toMatch(/still here$/));
    socket.destroy();
    calls.close();
    await Promise.all([...envoys, grpc, app].map((one) => one.close()));
  }, 60_000);
});

describe('the listener of a gRPC port', () => {
  it('lets a connection carry as many streams as a caller likes: nothing waits that did not wait before', async () => {
    const fresh = grpcCaller(envoy.port);
    const [settings] = (await once(fresh.session, 'remoteSettings')) as [{ maxConcurrentStreams?: number }];
    fresh.close();
    expect(settings.maxConcurrentStreams).toBe(2_147_483_647);
  });

  it('answers for pods that it cannot reach with a status of gRPC, which Envoy counts as 5xx', async () => {
    await services[1].close();
    const before = await envoy.stat(v2.statName, 'upstream_rq_5xx');
    const ends = await Promise.all(Array.from({ length: 400 }, () => caller.call()));
    const failed = ends.filter(({ status }) => status === '14').length;
    expect(failed).toBeGreaterThan(0);
    expect((await envoy.stat(v2.statName, 'upstream_rq_5xx')) - (before || 0)).toBe(failed);
  });
});
