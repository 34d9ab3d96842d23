/**
 * What people try first, as it is: each Service of the reference apps through the real survey, the plan of its adoption, and
 * a dry run of its writes. UPDATE_GOLDEN=1 rewrites the table in docs/how-to/reference-apps.md; review reads the diff.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import { defaultGrpcSlos } from '../../../core/config/defaults.ts';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import type { Deployment } from '../../../core/kube/objects.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { preflight } from '../../../core/rollout/preflight/preflight.ts';
import type { ServiceRef } from '../../../core/routing/service-ref.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { present } from '../../../core/values/json.ts';
import { isSibling } from '../../../core/workload/second-services.ts';
import { createNamespace, type TestCluster } from '../../support/api-server.ts';
import { testConfig } from '../../support/facts.ts';
import { PAGE, portsAsked, protocolsAsked, referenceApps, type ReferenceApp } from '../../support/reference-apps.ts';
import { testDeps } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws');

const [BEGIN, END] = ['<!-- table -->', '<!-- end of table -->'];

const cluster = (): TestCluster => {
  const { aws } = servers().clusters;
  if (aws === undefined) throw new Error('no server');
  return aws;
};

const pathOf = (namespace: string, kind: string): string =>
  kind === 'Service' ? `/api/v1/namespaces/${namespace}/services` : `/apis/apps/v1/namespaces/${namespace}/deployments`;

async function install({ name, objects }: ReferenceApp): Promise<void> {
  await createNamespace(servers(), name);
  const { admin } = cluster();
  for (const { kind, ...one } of objects) {
    const path = pathOf(name, kind);
    await admin.create(path, { kind, ...one });
    if (kind !== 'Deployment') continue;
    const { replicas = 1 } = one.spec as Deployment['spec'];
    const status = { replicas, readyReplicas: replicas, availableReplicas: replicas, updatedReplicas: replicas };
    await admin.merge(`${path}/${one.metadata.name}/status`, { status: { observedGeneration: 1, ...status } });
  }
}

function configOf(app: string, service: string) {
  const protocol = protocolsAsked[service];
  const config = testConfig({
    ...{ name: service, namespace: app, port: portsAsked[service] ?? '' },
    ...(protocol !== undefined && { protocol }),
    ...(protocol === 'grpc' && { slos: defaultGrpcSlos }),
    waves: [{ name: 'all', clusters: ['aws'], steps: [{ share: WHOLE, bakeMs: 10_000, approve: false }] }],
  });
  const [first] = config.mesh.clusters;
  if (first === undefined) throw new Error('no cluster');
  return { ...config, mesh: { ...config.mesh, clusters: [{ ...first, ref: cluster().ref }] } };
}

interface Outcome {
  readonly text: string;
  /** Services that are pinned with it. */
  readonly siblings: readonly string[];
}

async function outcomeOf(app: string, name: string): Promise<Outcome> {
  const act = createApplyActivities(testDeps(clusters));
  const config = configOf(app, name);
  const port = config.service.port;
  const service: ServiceRef = {
    mesh: 'shop',
    namespace: app,
    service: name,
    installation: 'default',
    ...(port !== '' && { port }),
    ...present({ protocol: config.service.protocol }),
  };
  const { ref } = cluster();
  const read = await act.readRecords({ service, clusters: [ref] });
  const change = { kind: 'adopt' } as const;
  const [problem] = preflight({ config, facts: read.clusters, change });
  if (problem !== undefined) return { text: `refused: ${problem.text.replace(/^aws\/[^:]*: /, '')}`, siblings: [] };
  const plan = planRollout({ config, read, change });
  const source = plan.sources['aws'];
  if (source === undefined) throw new Error(`${name} is made of nothing`);
  const prepare = { service, cluster: ref, version: plan.version, replaces: '', workload: 'managed', source } as const;
  const tried = await act.dryRunWrites({
    service,
    cluster: ref,
    prepare: { ...prepare, progressDeadlineMs: 1_000, run: '' },
  });
  expect([name, tried]).toEqual([name, { refused: [], untried: [] }]);
  const { port: number = 0, portName = '' } = read.clusters[0]?.frontend ?? {};
  const by = read.clusters[0]?.workloads[0]?.derived?.by ?? 'label';
  const siblings = (read.clusters[0]?.secondServices ?? []).filter(isSibling).map((one) => one.name);
  return {
    text: `adopted: ${portName} ${String(number)}, as ${plan.version} (${by.replace(/^image .*/, 'tag of its image')})`,
    siblings,
  };
}

async function rowsOf({ name: app, objects }: ReferenceApp): Promise<string[][]> {
  const rows: string[][] = [];
  const pinned = new Map<string, string>();
  for (const { metadata } of objects.filter(({ kind }) => kind === 'Service')) {
    const first = pinned.get(metadata.name);
    const { text, siblings } =
      first === undefined ? await outcomeOf(app, metadata.name) : { text: `pinned with ${first}`, siblings: [] };
    siblings.forEach((one) => pinned.set(one, metadata.name));
    rows.push([app, metadata.name, text]);
  }
  return rows;
}

describe('the reference apps', () => {
  it('are taken as they are, service by service, or refused by name, as the page says', async () => {
    const rows: string[][] = [];
    for (const app of referenceApps) {
      await install(app);
      rows.push(...(await rowsOf(app)));
    }
    // What Bookinfo runs three versions of is taken once one of them is left.
    for (const name of ['reviews-v2', 'reviews-v3'])
      await cluster().admin.merge(`${pathOf('bookinfo', 'Deployment')}/${name}`, { spec: { replicas: 0 } });
    const alone = await outcomeOf('bookinfo', 'reviews');
    rows.push(['bookinfo', 'reviews, with v2 and v3 scaled to zero', alone.text]);

    const table = [['App', 'Service', 'Outcome'], ['---', '---', '---'], ...rows].map(
      (row) => `| ${row.join(' | ')} |`,
    );
    const page = readFileSync(PAGE, 'utf8');
    const [before = '', rest = ''] = page.split(BEGIN);
    const [, after = ''] = rest.split(END);
    const made = [before, BEGIN, '\n\n', table.join('\n'), '\n\n', END, after].join('');
    const wanted = await format(made, { parser: 'markdown', printWidth: 120 });
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, wanted);
    else expect(page).toBe(wanted);
  }, 120_000);
});
