/**
 * Activities for workflow tests: no cluster, but a truth of their own (which share each cluster was asked for), so that
 * a test can see where the traffic ended. Every call is recorded; `on` replaces one by a behaviour.
 */
import { Context } from '@temporalio/activity';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { WatchSloResult } from '../../core/judge/look/watch.ts';
import type { ClusterWrite } from '../../core/contract/many-clusters.ts';
import type { VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import { type Packed, unpacked } from '../../core/values/packed.ts';

export interface FakeWorld {
  readonly calls: string[];
  /** Share of v2 per cluster, ppm, as written last. */
  readonly share: Record<string, number>;
  readonly proven: Record<string, string>;
  readonly activities: RolloutActivities;
}

interface Input {
  readonly cluster?: { readonly name: string };
  /** By its name: a question of a person, who may ask for what is not there. */
  readonly service?: string | { readonly service: string };
}

type Behaviour = (input: never, call: number) => Promise<unknown>;
type Overrides = { [K in keyof RolloutActivities]?: Behaviour };

/** `service`: whose world it is. What an earlier test has left running must not move this one's clusters; absent: anybody's. */
export function fakeWorld(overrides: Overrides = {}, service?: string): FakeWorld {
  const calls: string[] = [];
  const share: Record<string, number> = {};
  const proven: Record<string, string> = {};
  const counts: Record<string, number> = {};
  const proof = (result: VerifyRoutingResult['result']): VerifyRoutingResult => ({
    result,
    proofs: [],
    verifiedAtMs: Date.now(),
  });
  const healthy: WatchSloResult = {
    verdict: 'healthy',
    breached: [],
    reason: 'fake',
    readings: [],
    firstBadAtMs: null,
    decidedAtMs: 0,
  };
  const defaults: RolloutActivities = {
    reactTo: () => Promise.reject(new Error('not in this test')),
    chooseImage: async () => ({ image: '', version: '', reason: 'not in this test', refused: false }),
    resolveImage: async ({ image }) => image,
    findStep: async () => ({ of: { workflowId: 'w', runId: 'r', wave: -1, step: -1 }, reason: '' }),
    steerRun: async () => ({ refused: 'not in this test', workflowId: '', runId: '' }),
    findRun: async () => '',
    describeRun: async () => null,
    findStuck: async () => [],
    abortRun: async () => ({ refused: '' }),
    describeEnd: async () => ({ as: 'completed', atMs: 0, said: null }),
    nameRun: async () => ({ runId: '', wasReset: false }),
    readWindows: async () => ({ closed: [], untilMs: Date.now() + 3_600_000 }),
    askGate: async () => ({ go: true, reason: '' }),
    probeSlos: async () => [],
    readVersions: async () => [],
    measureTraffic: async () => ({ traffic: [], problem: '' }),
    loadConfig: () => Promise.reject(new Error('not in this test')),
    readRecords: async () => ({ clusters: [], epoch: 1 }),
    dryRunWrites: async () => ({ refused: [], untried: [] }),
    prepareVersion: async () => ({ deployment: 'd', replicas: 2, ready: 2, templateDigest: 'x' }),
    runBefore: async ({ jobs }) => ({ jobs: jobs.map(({ name }) => name) }),
    keepCapacity: async ({ version }) => ({ pods: { [version]: 2 } }),
    applyRouting: async ({ cluster, versions }) => {
      share[cluster.name] = versions?.[cluster.name]?.['v2'] ?? 0;
      return { cluster: cluster.name, changes: [], weights: { a: 1_000_000 }, writtenAtMs: Date.now() };
    },
    verifyRouting: async () => proof('verified'),
    verifyRestored: async () => proof('verified'),
    watchSlo: async ({ mode }) => (mode === 'bake' ? healthy : untilCancelled()),
    holdCapacity: () => untilCancelled(),
    watchClusters: () => untilCancelled(),
    measureLoad: async () => ({ services: [], problem: 'not in this test' }),
    failOver: async () => ({ clients: [] }),
    commit: async ({ cluster, pin }) => {
      if (pin !== '') proven[cluster.name] = pin;
      return [];
    },
    movePins: async () => ({ pinnedAtMs: Date.now() }),
    restore: async ({ cluster }) => {
      share[cluster.name] = 0;
      return { cluster: cluster.name, changes: [], weights: {}, writtenAtMs: Date.now(), withdrawn: ['a'] };
    },
    listSinks: async () => [],
    deliverEvents: async ({ events }) => ({ sent: events.length, refused: [], retired: '' }),
    retireVersion: async () => [],
    releaseService: async () => [],
    listServices: async () => ({ mesh: 'shop', clusters: [], services: [] }),
    surveyService: async () => ({ clusters: [], nowMs: Date.now() }),
    findUnsettled: async () => [],
    freeAutoscalers: async () => [],
    pinVersion: async () => [],
    mendFrontend: async () => [],
    markPaused: async () => [],
    shareService: async () => ({ action: 'unchanged', conflict: '' }),
    findNaming: async () => [],
    forgetAbsent: async () => [],
    keepWarm: async () => [],
    leaveClusters: async () => [],
    writeClusters: async ({ write, inputs }) => {
      // As the real one: each cluster by itself, by the write of that name.
      const byName = activities as unknown as Record<ClusterWrite, (input: object) => Promise<{ by?: string }>>;
      const work = unpacked(inputs as Packed<{ cluster: { name: string } }>).map(async (input) => {
        const { by: _by, ...told } = await byName[write](input);
        return { cluster: input.cluster.name, ...told };
      });
      return { each: await Promise.all(work) };
    },
  };
  const wrap = (name: keyof RolloutActivities) => async (input?: Input) => {
    // loadConfig is asked by a plain name: a settler left over from another test gets nothing of this world.
    const { service: of } = input ?? {};
    const asked = typeof of === 'object' ? of.service : name === 'loadConfig' ? (of ?? service) : service;
    if (service !== undefined && asked !== service)
      throw new Error(`${name} of ${asked}: this is the world of ${service}`);
    counts[name] = (counts[name] ?? 0) + 1;
    calls.push(input?.cluster === undefined ? name : `${name} ${input.cluster.name}`);
    const behaviours: Record<string, Behaviour> = { ...defaults, ...overrides };
    const chosen = behaviours[name];
    if (chosen === undefined) throw new RangeError(`no activity ${name}`);
    return chosen(input as never, counts[name]);
  };
  const activities: RolloutActivities = Object.fromEntries(
    (Object.keys(defaults) as (keyof RolloutActivities)[]).map((name) => [name, wrap(name)]),
  ) as unknown as RolloutActivities;
  return { calls, share, proven, activities };
}

/** A watch that sees nothing: heartbeats until it is cancelled, or told otherwise. */
export async function untilCancelled<T = never>(told: Promise<T> = new Promise(() => undefined)): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 200);
  try {
    return await Promise.race([context.cancelled, told]);
  } finally {
    clearInterval(beat);
  }
}
