/** What somebody edits of the objects that Tidegate made, while no run owns the service. */
import { describe, expect, it } from '@jest/globals';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { needsOf, type Need } from '../../../core/rollout/settled.ts';
import { subsetName } from '../../../core/routing/names.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { DriftPolicy } from '../../../core/workload/frontend/drift-policy.ts';
import { weightsIn, withEditedWeights } from '../../lab/cec-weights.ts';
import { adopt, createScene, prepare, route, type Scene } from './scenes.ts';
import { WHOLE, type Shop } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const run = { epoch: 20, run: 'run-2' } as const;
const canary = { aws: { v1: 900_000, v2: 100_000 } };

/** v1 and v2 are proven in aws, nine to one: two weights that can be edited. */
async function proven(namespace: string): Promise<Scene> {
  const one = await adopt(await createScene({ servers: servers(), clusters }, namespace));
  const { act, aws, service } = one;
  await prepare(one, aws, { version: 'v2', replaces: 'v1', source: { deployment: 'checkout-v1', image: 'r/x:v2' } });
  await route(one, aws, { ...run, versions: canary });
  await act.commit({ service, cluster: aws.cluster.ref, ...run, serving: ['aws'], pin: '' });
  return one;
}

async function routeNeeds({ act, aws, service }: Scene, drift: DriftPolicy = 'repair'): Promise<Need[]> {
  const seen = await act.surveyService({ service, clusters: [aws.cluster.ref] });
  const all = needsOf({ service: service.service, clusters: seen.clusters, nowMs: 0, warmMs: 60_000, drift });
  return all.filter(({ kind, reason }) => kind === 'route' || reason.includes('what Tidegate wrote'));
}

const routePath = ({ path }: Shop): string => path('CiliumEnvoyConfig', 'tidegate-checkout');

async function editWeights(shop: Shop, weights: readonly number[]): Promise<void> {
  const { spec } = await shop.route();
  const edited = withEditedWeights(spec, weights);
  await shop.cluster.admin.merge(`${routePath(shop)}?fieldManager=kubectl-edit`, { spec: edited });
}

const mend = ({ act, aws, service }: Scene, drift: DriftPolicy = 'repair') =>
  act.mendFrontend({ service, cluster: aws.cluster.ref, drift, route: true });

describe('what Tidegate wrote for a record', () => {
  it('is put back when somebody edits its weights, and the record stays in the hands that it was in', async () => {
    const one = await proven('edited-weights');
    const { aws } = one;
    const before = { weights: weightsIn((await aws.route()).spec), record: await aws.record() };
    expect(await routeNeeds(one)).toEqual([]);
    await editWeights(aws, [WHOLE / 2, WHOLE / 2]);
    const [need] = await routeNeeds(one);
    expect(need).toMatchObject({ kind: 'route', cluster: 'aws' });
    expect(need?.reason).toContain('was changed by kubectl-edit: CiliumEnvoyConfig tidegate-checkout');
    expect(await mend(one)).toMatchObject([{ action: 'configured' }, { object: 'Service/checkout' }]);
    expect({ weights: weightsIn((await aws.route()).spec), record: await aws.record() }).toEqual(before);
    expect(await routeNeeds(one)).toEqual([]);
    expect(await mend(one)).toEqual([]);
  });

  it('is put back when its redirect, or the Service of a subset, is taken away', async () => {
    const one = await proven('edited-rest');
    const { aws, service } = one;
    await aws.cluster.admin.merge(routePath(aws), { spec: { services: null } });
    expect(await routeNeeds(one)).toMatchObject([{ kind: 'route' }]);
    await mend(one);
    expect((await aws.route()).spec?.services).toHaveLength(1);
    const subset = subsetName({ ...service, version: 'v2', cluster: 'aws' });
    await aws.cluster.admin.remove(aws.path('Service', subset));
    expect((await routeNeeds(one))[0]?.reason).toContain(`Service ${subset} is gone`);
    await mend(one);
    expect(await aws.list('Service')).toContain(subset);
    expect(await routeNeeds(one)).toEqual([]);
  });

  it('is asked about where the policy of the service says so', async () => {
    const one = await proven('edited-ask');
    await editWeights(one.aws, [0, WHOLE]);
    for (const policy of ['ask', 'adopt'] as const) {
      expect(await routeNeeds(one, policy)).toMatchObject([{ kind: 'person', cluster: 'aws' }]);
      expect(await mend(one, policy)).toEqual([]);
    }
    expect(weightsIn((await one.aws.route()).spec)).toEqual([0, WHOLE]);
  });

  it('is left to whoever takes it away four times, and their name is told', async () => {
    const one = await proven('edited-fight');
    for (let round = 0; round < 3; round += 1) {
      await editWeights(one.aws, [0, WHOLE]);
      expect(await mend(one)).toHaveLength(2);
    }
    await editWeights(one.aws, [0, WHOLE]);
    const [fought] = await routeNeeds(one);
    expect(fought).toMatchObject({ kind: 'person' });
    expect(fought?.reason).toContain('kubectl-edit took the spec of tidegate-checkout back 3 times');
    expect(await mend(one)).toEqual([]);
  });
});

describe('a commit', () => {
  it('refuses to end where the route was deleted in mid-run: nothing would say any more that anything is proven', async () => {
    const one = await proven('commit-lost');
    const { act, aws, gcp, service } = one;
    await aws.cluster.admin.remove(routePath(aws));
    const input = { service, ...run, serving: ['aws'], pin: '' };
    await expect(act.commit({ ...input, cluster: aws.cluster.ref, routed: true })).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('aws/commit-lost/checkout has no routing record any more'),
    });
    // A cluster that only serves has none.
    expect(await act.commit({ ...input, cluster: gcp.cluster.ref })).toEqual([]);
  });

  it('is tried again while its credentials are refused: in mid-commit nothing can go back', async () => {
    const one = await proven('commit-refused');
    const { aws, service } = one;
    const refusing = createApplyActivities({
      ...one.deps,
      clusters: {
        connect: async (at) => {
          const cluster = await one.deps.clusters.connect(at);
          const forbidden = (): Promise<never> => Promise.reject(new TidegateError('Forbidden', 'roles are away'));
          return { ...cluster, get: forbidden };
        },
      },
    });
    const input = { service, cluster: aws.cluster.ref, ...run, serving: ['aws'], pin: '', routed: true as const };
    await expect(refusing.commit(input)).rejects.toMatchObject({ code: 'Unavailable', message: 'roles are away' });
    await one.act.commit(input);
  });
});
