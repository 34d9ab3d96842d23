/** Testers, and users who stay on their arm, in a real Envoy while the weights change under them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { VerifyRoutingInput } from '../../../core/judge/proof/proof.ts';
import { proveTargets } from '../../../core/judge/proof/prove-targets.ts';
import { desiredObjects } from '../../../core/render/render.ts';
import { restored, withShares } from '../../../core/routing/changes.ts';
import type { RoutingRecord, RunRoutes, Weight } from '../../../core/routing/record.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { createRecordedSource } from '../../../platform/metrics/recorded.ts';
import { parseByCilium, type ParsedResources } from '../../golden/routing/cilium-and-envoy.ts';
import { runEnvoy, type RunningEnvoy, type Seen } from '../../golden/routing/running-envoy.ts';
import { recordOf } from '../../unit/routing/records.ts';
import { scrapesOf } from './scrapes.ts';

/** As in test/golden: getting the binaries may mean building them. */
const OBTAIN_LIMIT_MS = 1_800_000;
/** Some 15 000 requests; on a machine that is busy with other tests many times as long. */
const CALLS_LIMIT_MS = 300_000;

/** Upper 1e-6 quantile of χ² with 1 degree of freedom. One try. */
const CHI_SQUARE_LIMIT = 23.93;
/** Users who come at each share, and requests that each user of all shares so far then sends. */
const [COMING, EACH] = [900, 2];

const CLUSTER = 'aws-us-east-1';
const by = { epoch: 9, run: 'run-9' };
const ref = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'main' };
const routes: RunRoutes = {
  testers: { version: 'v2', mark: { header: 'x-canary' } },
  sticky: { version: 'v2', cookie: 'tidegate-checkout', ttlMs: 3_600_000, token: 't1' },
};

const settled = recordOf({ topology: { [CLUSTER]: WHOLE }, current: { [CLUSTER]: { v1: WHOLE } } });
const at = (share: number, open: RunRoutes = routes): RoutingRecord =>
  withShares(settled, {
    ...{ service: ref, cluster: { name: CLUSTER }, ...by, ...open },
    versions: { [CLUSTER]: { v1: WHOLE - share, v2: share } },
  });
const back = restored(at(500_000), { ...by, serving: [] });
const [v1, v2] = weightsOf(at(0), 'current') as [Weight, Weight];

let parsed: (record: RoutingRecord) => ParsedResources;
let envoy: RunningEnvoy;

beforeAll(async () => {
  const binaries = await obtainBinaries({ names: ['cec-check', 'envoy'], report: () => {} });
  parsed = (record) => {
    const answer = parseByCilium(binaries['cec-check'], desiredObjects(record, { redirect: true }).at(-1));
    if (!answer.ok) throw new Error(answer.error);
    return answer;
  };
  const endpointsName = (subset: string): string => `shop/${subset}:${String(settled.frontend.port)}`;
  envoy = await runEnvoy({ binary: binaries.envoy, parsed: parsed(at(0)), weights: [v1, v2], endpointsName });
}, OBTAIN_LIMIT_MS);

afterAll(() => envoy.close());

interface Reached {
  readonly subset: string;
  /** What a browser would keep: name=value. */
  readonly cookie: string;
  readonly setCookie: string;
}

const reach = async (headers: Readonly<Record<string, string>> = {}): Promise<Reached> => {
  const { body, headers: answered } = await envoy.get('/', headers);
  const [setCookie = ''] = answered['set-cookie'] ?? [];
  return { subset: (JSON.parse(body) as Seen).subset, cookie: setCookie.split(';')[0] ?? '', setCookie };
};

/** So many at a time as the agent has sockets. */
const each = async <T>(items: readonly T[], one: (item: T) => Promise<Reached>): Promise<Reached[]> => {
  const all: Reached[] = [];
  for (let i = 0; i < items.length; i += 40) all.push(...(await Promise.all(items.slice(i, i + 40).map(one))));
  return all;
};

const many = (n: number, headers: Readonly<Record<string, string>> = {}): Promise<Reached[]> =>
  each(Array.from({ length: n }), () => reach(headers));

const subsetsOf = (all: readonly Reached[]): string[] => [...new Set(all.map(({ subset }) => subset))].sort();

const chiSquare = (all: readonly Reached[], share: number): number => {
  const hit = all.filter(({ subset }) => subset === v2.name).length;
  const expected = (all.length * share) / WHOLE;
  return (hit - expected) ** 2 / expected + (hit - expected) ** 2 / (all.length - expected);
};

describe('testers', () => {
  it(
    'reach the new version at weight 0 and at every share, nobody else does at 0, and none does after the way back',
    async () => {
      for (const share of [0, 50_000, WHOLE]) {
        await envoy.reroute(parsed(at(share)));
        expect(subsetsOf(await many(100, { 'x-canary': 'whatever' }))).toEqual([v2.name]);
      }
      await envoy.reroute(parsed(at(0)));
      expect(subsetsOf(await many(1_000, { 'x-canaries': '1' }))).toEqual([v1.name]);
      await envoy.reroute(parsed(back));
      expect(subsetsOf(await many(100, { 'x-canary': 'whatever' }))).toEqual([v1.name]);
    },
    CALLS_LIMIT_MS,
  );

  it(
    'by a cookie are those who have it among others, with this value and no other',
    async () => {
      const mark = { cookie: 'canary', value: 'a.b' };
      await envoy.reroute(parsed(at(0, { testers: { version: 'v2', mark } })));
      const have = ['canary=a.b', 'x=1; canary=a.b', 'x=1;canary=a.b ; y=2', 'canary=a.b; canary=c'];
      const lack = ['canary=a.bc', 'canary=axb', 'xcanary=a.b', 'Canary=a.b', 'x=canary=a.b', 'canary=a.b%'];
      expect(subsetsOf(await each(have, (cookie) => reach({ cookie })))).toEqual([v2.name]);
      expect(subsetsOf(await each(lack, (cookie) => reach({ cookie })))).toEqual([v1.name]);
    },
    CALLS_LIMIT_MS,
  );
});

describe('users with the cookie', () => {
  it(
    'stay on their arm in every one of 10 000 requests and more while both live; who has none follows the weights',
    async () => {
      const users: Reached[] = [];
      let kept = 0;
      for (const share of [50_000, 250_000, 500_000]) {
        await envoy.reroute(parsed(at(share)));
        const coming = await many(COMING);
        expect(chiSquare(coming, share)).toBeLessThan(CHI_SQUARE_LIMIT);
        users.push(...coming);
        const asked = users.flatMap((user) => Array.from({ length: EACH }, () => user));
        const answers = await each(asked, ({ cookie }) => reach({ cookie: `theme=dark; ${cookie}` }));
        kept += answers.length;
        expect(answers.filter(({ subset }, i) => subset !== asked[i]?.subset)).toEqual([]);
        // The cookie lasts from the first request on: it is not given anew.
        expect(answers.filter(({ setCookie }) => setCookie !== '')).toEqual([]);
      }
      expect(kept).toBeGreaterThanOrEqual(10_000);
      expect(new Set(users.map(({ setCookie }) => setCookie.split('=')[0]))).toEqual(new Set(['tidegate-checkout']));
      expect(users[0]?.setCookie).toMatch(
        /^tidegate-checkout=[a-z2-7]{8}\.t1; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      // Gone is the arm, and with it whatever kept them: the cookie of a bad version leads nowhere.
      await envoy.reroute(parsed(back));
      const after = await each(users.slice(-COMING), ({ cookie }) => reach({ cookie }));
      expect(subsetsOf(after)).toEqual([v1.name]);
      expect(after.filter(({ setCookie }) => setCookie !== '')).toEqual([]);
    },
    CALLS_LIMIT_MS,
  );

  it(
    'of another run, or with a cookie that somebody made up, are sent by the weights and get a cookie of this one',
    async () => {
      await envoy.reroute(parsed(at(500_000)));
      for (const cookie of ['tidegate-checkout=aaaaaaaa.t1', 'tidegate-checkout=']) {
        const all = await many(60, { cookie });
        expect(subsetsOf(all)).toEqual([v1.name, v2.name]);
        expect(all.filter(({ setCookie }) => setCookie === '')).toEqual([]);
      }
    },
    CALLS_LIMIT_MS,
  );

  it(
    'are those of the new version only where the service asks for that',
    async () => {
      const sticky = { ...(routes.sticky as NonNullable<RunRoutes['sticky']>), keeps: 'new' as const };
      await envoy.reroute(parsed(at(500_000, { sticky })));
      const all = await many(200);
      const given = all.filter(({ setCookie }) => setCookie !== '');
      expect(subsetsOf(given)).toEqual([v2.name]);
      expect(given.length).toBe(all.filter(({ subset }) => subset === v2.name).length);
      expect(subsetsOf(await many(100, { cookie: given[0]?.cookie ?? '' }))).toEqual([v2.name]);
    },
    CALLS_LIMIT_MS,
  );
});

describe('the proof of weights', () => {
  const prove = async (aside: Pick<VerifyRoutingInput, 'aside'>, without = ''): Promise<string> => {
    const scrapes = scrapesOf({ k8s_cluster_name: CLUSTER, instance: 'node-1' });
    const startMs = 1_000_000;
    const scrape = async (i: number): Promise<void> => {
      const text = await envoy.prometheus();
      // Gauges of clusters only: all else is of no use to a proof.
      scrapes.take(without === '' ? text : text.replaceAll(without, 'not_collected'), startMs + i * 5_000);
    };
    await envoy.reroute(parsed(at(50_000)));
    const users = await many(300);
    await scrape(0);
    await envoy.reroute(parsed(at(500_000)));
    for (const i of [1, 2, 3]) {
      await scrape(i);
      await many(150);
      await many(50, { 'x-canary': '1' });
      await each(users, ({ cookie }) => reach({ cookie }));
    }
    await scrape(4);
    const weights = { [v1.statName]: 500_000, [v2.statName]: 500_000 };
    const target = { cluster: { name: CLUSTER }, weights, withdrawn: [], writtenAtMs: startMs + 1_000 };
    const { signal } = new AbortController();
    const { proofs } = await proveTargets(
      { service: ref, mode: 'forward', targets: [target], timeoutMs: 0, ...aside },
      { metrics: createRecordedSource(scrapes.series), now: () => startMs + 20_500, signal },
    );
    return proofs.map(({ result, reason }) => `${result}: ${reason}`).join('\n');
  };

  it(
    'shows the hazard: kept users, most of them on the old arm, contradict the new weights',
    async () => {
      expect(await prove({})).toMatch(/^contradicted/);
    },
    CALLS_LIMIT_MS,
  );

  it(
    'holds where their requests are taken off, and testers’, too',
    async () => {
      expect(await prove({ aside: true })).toMatch(/^verified/);
    },
    CALLS_LIMIT_MS,
  );

  it(
    'is no contradiction where nobody collects the counters of routes',
    async () => {
      expect(await prove({ aside: true }, 'envoy_vhost_route_upstream_rq_total')).toMatch(
        /^untested: .*no envoy_vhost_route_upstream_rq_total of it is collected/,
      );
    },
    CALLS_LIMIT_MS,
  );
});
