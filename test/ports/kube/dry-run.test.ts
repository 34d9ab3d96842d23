/** What a plan tries before the first write: every object of the run, on real API servers that store none of them. */
import { describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import type { DryRunWritesInput } from '../../../core/contract/activities.ts';
import type { VersionSource } from '../../../core/workload/version-source.ts';
import { assertEventually } from '../../support/eventually.ts';
import { requireTeam } from './policy.ts';
import { adopt, createScene, imageOf, prepare, type Scene } from './scenes.ts';
import { WHOLE } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const adopted = async (namespace: string): Promise<Scene> =>
  adopt(await createScene({ servers: servers(), clusters }, namespace));

/** A deploy of v2 in aws, to its last step. */
const deploy = ({ service, aws }: Scene, source: VersionSource = imageOf('v2')): DryRunWritesInput => {
  const cluster = aws.cluster.ref;
  const at = { service, cluster, run: '' };
  return {
    service,
    cluster,
    pin: 'v2',
    prepare: { ...at, version: 'v2', replaces: 'v1', source, workload: 'managed', progressDeadlineMs: 60_000 },
    routing: { ...at, epoch: 20, versions: { aws: { v2: WHOLE } } },
  };
};

/** Every object of the namespace with its resourceVersion. */
async function stored({ aws }: Scene): Promise<string[]> {
  const kinds = [
    'Service',
    'Deployment',
    'HorizontalPodAutoscaler',
    'PodDisruptionBudget',
    'CiliumEnvoyConfig',
  ] as const;
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await aws.cluster.admin.get<{
        items: { metadata: { name: string; resourceVersion: string } }[];
      }>(aws.path(kind));
      return items.map(({ metadata }) => `${kind}/${metadata.name} ${metadata.resourceVersion}`);
    }),
  );
  return lists.flat();
}

describe('dryRunWrites', () => {
  it('finds nothing wrong with a run that can be made, and stores nothing', async () => {
    const one = await adopted('dry-good');
    const before = await stored(one);
    expect(await one.act.dryRunWrites(deploy(one))).toEqual({ refused: [], untried: [] });
    expect(await stored(one)).toEqual(before);
  });

  it('finds nothing wrong with the first adoption either: no record, and no version yet', async () => {
    const one = await createScene({ servers: servers(), clusters }, 'dry-adopt');
    const { prepare: made, routing, ...rest } = deploy(one, { deployment: 'checkout' });
    if (made === undefined || routing === undefined) throw new Error('nothing to write');
    const frontend = { portName: 'http', port: 8080, targetPort: 8080, selector: { app: 'checkout' } };
    const policy = { requestTimeoutMs: 0, upstreamIdleMs: 4_000, connectTimeoutMs: 1_000 };
    const initial = { frontend, policy, topology: { aws: WHOLE } };
    const input = { ...rest, prepare: { ...made, replaces: '' }, routing: { ...routing, initial } };
    expect(await one.act.dryRunWrites(input)).toEqual({ refused: [], untried: [] });
  });

  it('refuses an adoption whose own Deployment would have the name of the original, and the run holds nothing for it', async () => {
    const one = await createScene({ servers: servers(), clusters }, 'dry-name');
    const { aws, act } = one;
    const { metadata, spec } = await aws.deployment('checkout');
    await aws.cluster.admin.create(aws.path('Deployment'), {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'checkout-v1', namespace: metadata.namespace },
      spec: spec,
    });
    await aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'checkout', namespace: metadata.namespace },
      spec: {
        minReplicas: 1,
        maxReplicas: 9,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-v1' },
      },
    });
    const { prepare: made, ...rest } = deploy(one);
    if (made === undefined) throw new Error('nothing to make');
    const adoption = { ...made, version: 'v1', replaces: '', marksOriginal: true as const };
    const before = await stored(one);
    const { refused } = await act.dryRunWrites({ ...rest, pin: 'v1', prepare: adoption });
    expect(refused).toContainEqual(
      expect.stringMatching(/aws\/dry-name\/Deployment\/checkout-v1 is in the way of checkout v1: .*rename/),
    );
    await expect(act.prepareVersion(adoption)).rejects.toMatchObject({ code: 'Foreign' });
    expect(await stored(one)).toEqual(before);
  });

  it('names the policy and its words where one wants a label that the version would not have', async () => {
    const one = await adopted('dry-policy');
    await requireTeam(one.aws.cluster.admin, {
      namespace: 'dry-policy',
      apiGroup: 'apps',
      resource: 'deployments',
    });
    const words = /aws\/dry-policy\/Deployment\/checkout-v2: .*require-team.*label team is missing/s;
    await assertEventually(async () => {
      const found = await one.act.dryRunWrites(deploy(one));
      expect(found).toEqual({ refused: [expect.stringMatching(words)], untried: [] });
    });
    const labelled = imageOf('v2');
    const metadata = { labels: { team: 'pay' }, annotations: { 'example.com/owner': 'pay' } };
    const source = { ...labelled, metadata };
    expect(await one.act.dryRunWrites(deploy(one, source))).toEqual({ refused: [], untried: [] });
    await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source });
    expect((await one.aws.deployment('checkout-v2')).metadata).toMatchObject(metadata);
  });

  it('tells a value of the wrong type by its field, which the API server answers with 500', async () => {
    const one = await adopted('dry-typed');
    const podTemplate = {
      metadata: { labels: { app: 'checkout' } },
      spec: {
        containers: [{ name: 'checkout', image: 'registry.lab/checkout:v2', livenessProbe: { periodSeconds: 'ten' } }],
      },
    };
    const { refused } = await one.act.dryRunWrites(deploy(one, { deployment: 'checkout-v1', podTemplate }));
    expect(refused).toEqual([expect.stringMatching(/Deployment\/checkout-v2: .*containers.*periodSeconds/s)]);
  });

  it('does not take silence for a refusal: what could not be tried is told as that', async () => {
    const one = await adopted('dry-silent');
    const path = `${servers().dir}/silent.kubeconfig`;
    // Port 1 of loopback: nobody listens there.
    const answering = await readFile(`${servers().dir}/aws.kubeconfig`, 'utf8');
    const silenced = answering.replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://127.0.0.1:1');
    await writeFile(path, silenced, { mode: 0o600 });
    const silent = { name: 'silent', access: { kind: 'kubeconfig' as const, path } };
    const { refused, untried } = await one.act.dryRunWrites({ service: one.service, cluster: silent, pin: 'v2' });
    expect(refused).toEqual([]);
    expect(untried).toEqual([expect.stringContaining('silent')]);
  });
});
