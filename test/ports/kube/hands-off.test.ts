import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../../core/kube/labels.ts';
import type { Service } from '../../../core/kube/objects.ts';
import { needsOf, type Need } from '../../../core/rollout/settled.ts';
import { subsetName } from '../../../core/routing/names.ts';
import type { DriftPolicy } from '../../../core/workload/frontend/drift-policy.ts';
import { adopt, createScene, prepare, route, type Scene } from './scenes.ts';
import { WHOLE, type Shop } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const scene = (namespace: string): Promise<Scene> => createScene({ servers: servers(), clusters }, namespace);

/** Adopted as v1 in aws, with ready pods, and settled. */
async function adopted(namespace: string): Promise<Scene> {
  const one = await adopt(await scene(namespace));
  await settle(one);
  expect(await needs(one)).toEqual([]);
  return one;
}

async function needs({ act, aws, gcp, service }: Scene, drift: DriftPolicy = 'repair'): Promise<Need[]> {
  const seen = await act.surveyService({ service, clusters: [aws.cluster.ref, gcp.cluster.ref] });
  return needsOf({ service: service.service, clusters: seen.clusters, nowMs: seen.nowMs, warmMs: 60_000, drift });
}

/** One look of a settler: all that it finds in aws is done. */
async function settle(one: Scene, drift: DriftPolicy = 'repair'): Promise<Need[]> {
  const { act, aws, gcp, service } = one;
  const at = { service, cluster: aws.cluster.ref };
  const found = await needs(one, drift);
  for (const need of found) {
    if (need.kind === 'pin') await act.pinVersion(at);
    if (need.kind === 'frontend') await act.mendFrontend({ ...at, drift });
    if (need.kind === 'unmark') await act.freeAutoscalers({ ...at, version: need.version });
    if (need.kind === 'free') await act.freeAutoscalers({ ...at, version: need.version, autoscaler: need.autoscaler });
    const retiring = { service, clusters: [aws.cluster.ref, gcp.cluster.ref], drainMs: 0 };
    if (need.kind === 'retire') await act.retireVersion({ ...retiring, version: need.version });
    if (need.kind === 'original')
      await act.retireVersion({ ...retiring, version: need.version, original: need.deployment });
  }
  return found;
}

/** Somebody else's server-side apply of the frontend, with force: the selector is one value, so the pin goes. */
const takePin = ({ cluster, path, service }: Shop): Promise<unknown> =>
  cluster.admin.apply(path('Service', 'checkout'), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'checkout', namespace: service.namespace },
    spec: { selector: { app: 'checkout' } },
  });

const takePinAs = ({ cluster, path }: Shop, manager: string): Promise<unknown> =>
  cluster.admin.merge(`${path('Service', 'checkout')}?fieldManager=${manager}`, {
    spec: { selector: { [labels.version]: null } },
  });

const pinOf = async (shop: Shop): Promise<string | undefined> =>
  (await shop.frontend()).spec.selector?.[labels.version];

describe('a fight over the pin', () => {
  it('ends after three rounds: the manager is named, and nothing is written any more until a person says unpause', async () => {
    const one = await adopted('fight');
    const { aws, act, service } = one;
    for (let round = 0; round < 3; round += 1) {
      await takePin(aws);
      expect(await settle(one)).toMatchObject([{ kind: 'pin' }]);
      expect(await pinOf(aws)).toBe('v1');
    }
    await takePin(aws);
    const [fought] = await settle(one);
    expect(fought).toMatchObject({ kind: 'person' });
    expect(fought?.reason).toContain('tidegate-lab took the pin of the frontend back 3 times');
    // The activity itself holds back, too, whoever calls it.
    expect(await act.pinVersion({ service, cluster: aws.cluster.ref })).toEqual([]);
    expect(await pinOf(aws)).toBeUndefined();
    const unpause = { services: [service], cluster: aws.cluster.ref, of: 'service', pause: null } as const;
    expect(await act.markPaused(unpause)).toMatchObject([{ action: 'configured' }]);
    expect(await act.markPaused(unpause)).toMatchObject([{ action: 'unchanged' }]);
    await settle(one);
    expect(await pinOf(aws)).toBe('v1');
  });

  it('is none between different managers, and names the one who took it last', async () => {
    const one = await adopted('no-fight');
    for (const manager of ['argocd-controller', 'kubectl', 'argocd-controller', 'kubectl']) {
      await takePinAs(one.aws, manager);
      const [need] = await settle(one);
      expect(need?.reason).toContain(`pinned to no version by ${manager}`);
      expect(await pinOf(one.aws)).toBe('v1');
    }
  });
});

describe('a pause', () => {
  const word = { reason: 'the bank moves', by: 'ann', atMs: 5 };

  it('of a service is an annotation that the role may write, and leaves what is half moved alone', async () => {
    const one = await adopted('paused');
    const { aws, act, service } = one;
    await prepare(one, aws, { version: 'v2', replaces: 'v1', source: { deployment: 'checkout-v1', image: 'r/x:v2' } });
    await route(one, aws, { versions: { aws: { v1: 0, v2: WHOLE } }, epoch: 20, run: 'run-2' });
    expect(await needs(one)).toMatchObject([{ kind: 'restore' }]);
    const at = { services: [service], cluster: aws.cluster.ref, of: 'service' } as const;
    await act.markPaused({ ...at, pause: word });
    const found = await needs(one);
    expect(found).toMatchObject([{ kind: 'paused', cluster: 'aws', of: 'service' }]);
    expect(found[0]?.reason).toContain('by ann: the bank moves; half moved since');
    const read = await act.readRecords({ service, clusters: [aws.cluster.ref] });
    expect(read.clusters[0]?.pauses).toEqual([{ of: 'service', ...word }]);
    await act.markPaused({ ...at, pause: null });
    expect((await aws.frontend()).metadata.annotations ?? {}).not.toHaveProperty([annotations.paused]);
    expect(await needs(one)).toMatchObject([{ kind: 'restore' }]);
  });

  it('of a cluster is found by services that have no word of their own there', async () => {
    const one = await adopted('paused-cluster');
    const { gcp, act, service } = one;
    const services = [service, { ...service, service: 'missing' }];
    const changes = await act.markPaused({ services, cluster: gcp.cluster.ref, of: 'cluster', pause: word });
    expect(changes.map(({ action }) => action)).toEqual(['configured', 'skipped']);
    const other = { ...service, service: 'cart' };
    const seen = await act.surveyService({ service: other, clusters: [gcp.cluster.ref] });
    expect(seen.clusters[0]?.pauses).toEqual([{ of: 'cluster', ...word }]);
    expect(await needs(one)).toMatchObject([{ kind: 'paused', cluster: 'gcp', of: 'cluster' }]);
  });
});

describe('what cluster mesh shares of a drained cluster', () => {
  /** The frontend of aws as it is, with what was written on it by somebody. */
  const shared = async (shop: Shop): Promise<string | undefined> =>
    (await shop.frontend()).metadata.annotations?.[annotations.shared];

  const write = ({ cluster, path }: Shop, given: Record<string, string | null>): Promise<unknown> =>
    cluster.admin.merge(`${path('Service', 'checkout')}?fieldManager=helm`, { metadata: { annotations: given } });

  it('is nothing until it returns, and only what Tidegate has said is taken back', async () => {
    const { aws, act, service } = await scene('shared');
    const at = { service, cluster: aws.cluster.ref };
    const nothing = { action: 'skipped', conflict: '' };
    expect(await act.shareService({ ...at, shared: false })).toEqual(nothing);
    await write(aws, { [annotations.global]: 'true' });
    expect(await act.shareService({ ...at, shared: true })).toEqual(nothing);
    expect(await act.shareService({ ...at, shared: false })).toEqual({ action: 'configured', conflict: '' });
    expect(await act.shareService({ ...at, shared: false })).toEqual({ action: 'unchanged', conflict: '' });
    expect(await shared(aws)).toBe('false');
    expect(await act.shareService({ ...at, shared: true })).toEqual({ action: 'configured', conflict: '' });
    expect(await shared(aws)).toBeUndefined();
  });

  it('is left as somebody else has said it, who is named, at the drain and at its end', async () => {
    const { aws, act, service } = await scene('shared-by-others');
    const at = { service, cluster: aws.cluster.ref };
    const theirs = expect.stringContaining('was set by helm, and is left as it is');
    await write(aws, { [annotations.global]: 'true', [annotations.shared]: 'true' });
    expect(await act.shareService({ ...at, shared: false })).toEqual({ action: 'skipped', conflict: theirs });
    expect(await shared(aws)).toBe('true');
    await write(aws, { [annotations.shared]: null });
    await act.shareService({ ...at, shared: false });
    await write(aws, { [annotations.shared]: 'true' });
    expect(await act.shareService({ ...at, shared: true })).toEqual({ action: 'configured', conflict: theirs });
    expect(await shared(aws)).toBe('true');
    await write(aws, { [annotations.shared]: 'false' });
    expect(await act.shareService({ ...at, shared: true })).toEqual({ action: 'skipped', conflict: theirs });
  });
});

describe('a frontend that somebody has changed', () => {
  const change = ({ cluster, path }: Shop, spec: unknown): Promise<unknown> =>
    cluster.admin.merge(`${path('Service', 'checkout')}?fieldManager=helm`, { spec });

  it('is put back: port, targetPort and selector, with the pin', async () => {
    const one = await adopted('drift-repair');
    await change(one.aws, {
      selector: { tier: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 9090 }],
    });
    expect(await settle(one)).toMatchObject([{ kind: 'frontend', does: 'repair' }]);
    const { spec } = await one.aws.frontend();
    expect(spec.ports).toMatchObject([{ name: 'http', port: 8080, targetPort: 8080 }]);
    expect(spec.selector).toEqual({ app: 'checkout', [labels.version]: 'v1' });
    expect(await needs(one)).toEqual([]);
  });

  it('of two ports has the routed one put back, and the other left alone', async () => {
    const one = await scene('drift-two-ports');
    const metrics = { name: 'metrics', port: 9090, targetPort: 9090 };
    const http = { name: 'http', port: 8080, targetPort: 8080 };
    // The routed one is not the first: nothing goes by the order of ports.
    await change(one.aws, { ports: [metrics, http] });
    const two = { ...one, service: { ...one.service, port: 'http' } };
    await adopt(two);
    await settle(two);
    expect((await one.aws.route()).spec?.services).toMatchObject([{ name: 'checkout', ports: [8080] }]);
    const subset = subsetName({ ...one.service, version: 'v1', cluster: 'aws' });
    const made = await one.aws.cluster.admin.get<Service>(one.aws.path('Service', subset));
    expect(made.spec.ports).toMatchObject([{ name: 'http', port: 8080 }]);
    expect(await needs(two)).toEqual([]);
    await change(one.aws, {
      ports: [
        { ...metrics, port: 9191 },
        { ...http, targetPort: 9999 },
      ],
    });
    expect(await settle(two)).toMatchObject([{ kind: 'frontend', does: 'repair' }]);
    const { spec } = await one.aws.frontend();
    expect(spec.ports).toMatchObject([{ name: 'metrics', port: 9191 }, { ...http }]);
    expect(spec.selector).toEqual({ app: 'checkout', [labels.version]: 'v1' });
    // Dropped by a chart: it is put beside the other one, not over it.
    await change(one.aws, { ports: [{ ...metrics, port: 9191 }] });
    expect(await settle(two)).toMatchObject([{ kind: 'frontend', does: 'repair' }]);
    expect((await one.aws.frontend()).spec.ports).toMatchObject([{ name: 'metrics', port: 9191 }, { ...http }]);
    const read = await one.act.readRecords({ service: two.service, clusters: [one.aws.cluster.ref] });
    expect(read.clusters[0]?.frontend).toMatchObject({ port: 8080, targetPort: 8080, otherPorts: ['metrics (9191)'] });
  });

  it('is taken into the record and the route where that is safe, and the policy says adopt', async () => {
    const one = await adopted('drift-adopt');
    await change(one.aws, { ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
    expect(await settle(one, 'adopt')).toMatchObject([{ kind: 'frontend', does: 'adopt' }]);
    expect((await one.aws.record()).frontend).toMatchObject({ port: 80, targetPort: 8080 });
    expect((await one.aws.route()).spec?.services).toMatchObject([{ ports: [80] }]);
    expect(await needs(one, 'adopt')).toEqual([]);
    await change(one.aws, { ports: [{ name: 'http', port: 80, targetPort: 9999 }] });
    expect(await settle(one, 'adopt')).toMatchObject([{ kind: 'person' }]);
    expect((await one.aws.record()).frontend).toMatchObject({ targetPort: 8080 });
  });

  it('stays as it is under ask', async () => {
    const one = await adopted('drift-ask');
    await change(one.aws, { ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
    expect(await settle(one, 'ask')).toMatchObject([{ kind: 'person' }]);
    expect((await one.aws.frontend()).spec.ports).toMatchObject([{ port: 80 }]);
    expect((await one.aws.record()).frontend).toMatchObject({ port: 8080 });
  });
});

describe('the original of an adoption', () => {
  const begun = async (namespace: string): Promise<Scene> => {
    const one = await scene(namespace);
    const { aws } = one;
    await aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'checkout', namespace },
      spec: {
        minReplicas: 1,
        maxReplicas: 9,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' },
      },
    });
    await prepare(one, aws, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
    await route(one, aws, { versions: { aws: { v1: WHOLE } }, epoch: 10, topology: { aws: WHOLE } });
    return one;
  };
  const left = async ({ aws }: Scene) => {
    const { metadata, spec } = await aws.deployment('checkout');
    const hpa = await aws.cluster.admin.get<{ metadata: { annotations?: object }; spec: { minReplicas: number } }>(
      aws.path('HorizontalPodAutoscaler', 'checkout'),
    );
    const marks = [annotations.original, annotations.held].filter((name) => metadata.annotations?.[name] !== undefined);
    return {
      replicas: spec.replicas,
      marks,
      min: hpa.spec.minReplicas,
      held: Object.keys(hpa.metadata.annotations ?? {}),
    };
  };

  it('is marked and held while the adoption is under way', async () => {
    expect(await left(await begun('original-marked'))).toEqual({
      ...{ replicas: 2, marks: [annotations.original], min: 2, held: [annotations.held] },
    });
  });

  it('loses its pods, its mark and its hold when the run was terminated right after the commit', async () => {
    const one = await begun('original-terminated');
    const { act, aws, service } = one;
    await act.commit({ service, cluster: aws.cluster.ref, epoch: 10, run: 'run-1', serving: ['aws'], pin: 'v1' });
    expect(await settle(one)).toMatchObject([{ kind: 'original', deployment: 'checkout' }]);
    expect(await left(one)).toEqual({ replicas: 0, marks: [annotations.held], min: 1, held: [] });
    expect(await needs(one)).toEqual([]);
    // Whoever scales it up again means it.
    await aws.cluster.admin.merge(aws.path('Deployment', 'checkout'), { spec: { replicas: 3 } });
    expect(await needs(one)).toEqual([]);
  });

  it('serves on, without mark and hold, when the adoption was restored', async () => {
    const one = await begun('original-restored');
    const { act, aws, service } = one;
    await act.restore({ service, cluster: aws.cluster.ref, epoch: 11, run: 'run-1', serving: [] });
    expect((await settle(one)).map(({ kind }) => kind)).toEqual(['free', 'retire']);
    expect(await left(one)).toEqual({ replicas: 2, marks: [], min: 1, held: [] });
    expect(await needs(one)).toEqual([]);
    expect(await aws.list('Deployment')).toEqual(['checkout']);
  });
});

describe('the word that a cluster is absent', () => {
  it('goes out of the record when the cluster is forgotten, unless it was said anew', async () => {
    const one = await adopted('forget');
    const { act, aws, service } = one;
    const absent = { onprem: { atMs: 7, reason: 'flooded' } };
    const back = { service, cluster: aws.cluster.ref, epoch: 30, run: 'run-3', serving: [], absent };
    await act.restore(back);
    const seen = await act.findNaming({ services: [service], clusters: [aws.cluster.ref], name: 'onprem' });
    expect(seen).toMatchObject([{ cluster: 'aws', absence: { atMs: 7 }, inTopology: false, unread: '' }]);
    const forget = { service, cluster: aws.cluster.ref, name: 'onprem' };
    expect(await act.forgetAbsent({ ...forget, atMs: 6 })).toEqual([]);
    expect((await aws.record()).absent).toEqual(absent);
    await act.forgetAbsent({ ...forget, atMs: 7 });
    const after = await aws.record();
    expect(after.absent).toBeUndefined();
    expect(after.versions).toMatchObject({ epoch: 30, run: 'run-3' });
  });
});
