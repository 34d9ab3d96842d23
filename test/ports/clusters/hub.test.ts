/** Config as custom resources of a hub, on a real API server with RBAC on, under exactly the rights that are printed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { deliverEvents } from '../../../activities/tell/deliver-events.ts';
import { rbacCommand } from '../../../cli/clusters/rbac.ts';
import { validateCommand } from '../../../cli/local/validate.ts';
import type { HubStatus } from '../../../core/config/hub/status.ts';
import type { CloudEvent } from '../../../core/events/cloud-event.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import type { KubeClient, KubeObject } from '../../../infra/lab/api/kube-client.ts';
import { applyRoles } from '../../../infra/lab/api/rbac.ts';
import { createConfigLoader, type ConfigLoader } from '../../../platform/config/load.ts';
import { createFrontDoorConfig } from '../../../platform/config/front-door.ts';
import { createHubStatuses, type HubStatuses } from '../../../worker/hub-status.ts';
import type { TestCluster } from '../../support/api-server.ts';
import { assertEventually } from '../../support/eventually.ts';
import { testPlan } from '../../support/plans.ts';
import { tellActivity } from '../../support/tell-activity.ts';
import { textIo } from '../../support/text-io.ts';
import { tell } from '../../unit/events/out/told.ts';
import { useApiServers, START_MS } from '../kube/use-api-servers.ts';
import { documents, example, installKinds, pathOf } from './hub-kinds.ts';

const { servers } = useApiServers('hub');
/** Of a test on a machine that others use, ms. */
const LIMIT_MS = 60_000;

let admin: KubeClient;
let dir: string;
let place: string;
let path: string;
let kubeconfig: string;
let loader: ConfigLoader;
const opened: HubStatuses[] = [];

const mesh = {
  ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'shop' } },
  spec: {
    clusters: [
      { name: 'aws', cilium: { id: 1 }, locality: { cloud: 'aws', region: 'r' }, access: { inCluster: {} } },
      { name: 'gcp', cilium: { id: 2 }, locality: { cloud: 'gcp', region: 'r' }, access: { inCluster: {} } },
    ],
    metrics: { prometheus: { url: 'https://prometheus.shop.example' } },
  },
};

const service = (name: string, spec: object = {}) => ({
  ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Service', metadata: { name, namespace: 'shop' } },
  spec: { mesh: 'shop', ...spec },
});

/** As kubectl apply --server-side does. */
const apply = (one: KubeObject): Promise<KubeObject> => admin.apply(pathOf(one), one);

const read = (one: KubeObject): Promise<KubeObject & { status?: HubStatus }> => admin.get(pathOf(one));

const conditionOf = ({ status }: { status?: HubStatus }, type: string) =>
  status?.conditions?.find((one) => one.type === type);

/** Of a rollout of v2 that goes well. */
const eventsOf = (name: string): CloudEvent[] =>
  tell(testPlan({ shares: [500_000, 1_000_000] })).events.map((event) => ({
    ...event,
    data: { ...(event.data as object), namespace: 'shop', service: name },
  }));

function statuses(config: ConfigLoader = loader): HubStatuses {
  const made = createHubStatuses({ directory: place, config, nowMs: () => Date.now(), warn: () => undefined });
  if (made === undefined) throw new Error('the place is a hub');
  opened.push(made);
  return made;
}

beforeAll(async () => {
  const hub = servers().clusters['hub'] as TestCluster;
  ({ admin } = hub);
  await installKinds(admin);
  const io = textIo();
  await rbacCommand({ namespaces: [], services: [], foreignRoutes: true, hub: true }, io);
  await applyRoles(admin, documents(io.out));
  dir = await mkdtemp(join(tmpdir(), 'tidegate-hub-'));
  path = join(dir, 'hub.kubeconfig');
  kubeconfig = await readFile((hub.ref.access as { path: string }).path, 'utf8');
  await writeFile(path, kubeconfig);
  place = `hub:kubeconfig?path=${path}&context=hub`;
  loader = createConfigLoader({ directory: place });
  await assertEventually(async () => expect(await loader.readObjects()).toEqual([]));
}, START_MS);

beforeEach(async () => {
  const old = await loader.readObjects();
  await Promise.all(
    old.map(({ object: { kind, name, namespace } }) =>
      admin.remove(pathOf({ apiVersion: '', kind, metadata: { name, ...(namespace !== undefined && { namespace }) } })),
    ),
  );
  await apply(mesh);
}, LIMIT_MS);

afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await rm(dir, { recursive: true });
});

describe('config in a hub', () => {
  it('is what the same documents in a directory are, and says the resourceVersions that it was read at', async () => {
    await apply(mesh);
    const { metadata } = await apply(service('checkout', { port: 'http', rollout: { warm: '2h' } }));
    const config = await loader.load({ service: 'checkout' });
    const files = join(dir, 'files');
    await mkdir(files);
    await writeFile(join(files, 'mesh.yaml'), JSON.stringify(mesh));
    await writeFile(
      join(files, 'service.yaml'),
      JSON.stringify(service('checkout', { port: 'http', rollout: { warm: '2h' } })),
    );
    const same = await createConfigLoader({ directory: files }).load({ service: 'checkout' });
    expect(same.origin).toBeUndefined();
    expect(config).toMatchObject({ digest: same.digest, mesh: same.mesh, service: same.service });
    const { resourceVersion, generation } = metadata;
    expect(config.origin?.[0]).toEqual({ kind: 'hub', object: 'shop/Service/checkout', resourceVersion, generation });
    expect(config.origin?.[1]).toMatchObject({ kind: 'hub', object: 'Mesh/shop' });
    expect(config.sinks).toEqual(['hub:status']);
  });

  it('a fault of one object is told by its name, and the others are config without it', async () => {
    await apply(service('checkout'));
    await apply(service('broken', { mesh: 'shopp' }));
    await apply(service('filed', { template: 'workloads/checkout.yaml' }));
    expect((await loader.load({ service: 'checkout' })).service.name).toBe('checkout');
    await expect(loader.load({ service: 'broken' })).rejects.toThrow(
      'shop/Service/broken: spec.mesh: there is no mesh shopp (did you mean shop?)',
    );
    await expect(loader.load({ service: 'filed' })).rejects.toThrow(
      'shop/Service/filed: spec.template: names a file, and an object in a hub has no folder',
    );
    const { services } = await loader.loadServices({});
    expect(services.map((one) => one.service.name)).toEqual(['checkout']);
    let out = '';
    const io = { stdout: (text: string) => void (out += text), stderr: () => undefined };
    expect(await validateCommand({ paths: [place] }, io)).toBe(2);
    expect(out).toContain('shop/Service/broken: spec.mesh');
  });

  it('a mesh that is wrong takes its services with it, and they say where the fault is', async () => {
    const [first, second] = mesh.spec.clusters;
    await apply(service('checkout'));
    const wrong = { ...second, access: { kubeconfig: { path: 'kubeconfigs/gcp.yaml' } } };
    await apply({ ...mesh, spec: { ...mesh.spec, clusters: [first, wrong] } } as KubeObject);
    const problems = (await loader.validate([])).map(formatProblem);
    expect(problems).toEqual([
      "Mesh/shop: spec.clusters[1].access.kubeconfig.path: is a relative path, and an object in a hub has no folder (write an absolute path of the workers' machines, or another access)",
      'shop/Service/checkout: spec.mesh: there is no mesh shop (correct Mesh/shop, which has faults of its own)',
    ]);
  });

  it('every example of docs can be applied, and its status says what cannot be so in a hub', async () => {
    const all = [
      ...(await example('mesh.yaml')),
      ...(await example('checkout.yaml')),
      ...(await example('events.yaml')),
    ];
    for (const one of all) await apply(one);
    const found = await loader.readObjects();
    const right = found.filter(({ problems }) => problems.length === 0).map(({ object }) => object.kind);
    // Triggers name a Service that has a fault, and are left out with it.
    expect(right).toEqual(['Sender', 'Sender']);
    const [wrong] = found.filter(({ object }) => object.kind === 'Service');
    expect(wrong?.problems.map(({ path: at }) => at)).toContain('spec.template');
  });

  it('ways back go on by the last good copy while the hub is down, and a change waits for it', async () => {
    await apply(service('checkout'));
    const own = createConfigLoader({ directory: place });
    const { digest } = await own.load({ service: 'checkout' });
    try {
      await writeFile(path, kubeconfig.replace(/server: .*/, 'server: https://127.0.0.1:9'));
      await expect(own.load({ service: 'checkout' })).rejects.toMatchObject({ code: 'Unavailable' });
      const back = await own.load({ service: 'checkout', wayBack: 'undo' });
      expect([back.digest, back.notes?.[0]]).toEqual([digest, expect.stringContaining('is used for this way back')]);
      const senders = await own.readSenders();
      expect(senders).toEqual({ whole: [], names: undefined });
    } finally {
      await writeFile(path, kubeconfig);
    }
    expect((await own.load({ service: 'checkout' })).digest).toBe(digest);
  });

  it('a front door reads it, too, and sees what was applied since', async () => {
    let nowMs = 0;
    const door = createFrontDoorConfig({ directory: place, now: () => nowMs });
    expect((await door()).services).toEqual([]);
    await apply(service('checkout'));
    nowMs += 60_000;
    expect((await door()).services).toEqual([{ mesh: 'shop', namespace: 'shop', service: 'checkout' }]);
  });
});

describe('the status of an object in a hub', () => {
  it('says whether it is right, by generation, and is not written again while nothing changes', async () => {
    await apply(service('checkout'));
    await apply(service('broken', { mesh: 'shopp' }));
    const all = statuses();
    await assertEventually(async () => {
      expect(conditionOf(await read(service('broken')), 'Accepted')).toMatchObject({
        status: 'False',
        reason: 'Invalid',
      });
      expect(conditionOf(await read(service('checkout')), 'Ready')).toMatchObject({ status: 'True', reason: 'Valid' });
      expect(conditionOf(await read(mesh), 'Accepted')?.status).toBe('True');
    });
    const broken = await read(service('broken'));
    expect(conditionOf(broken, 'Accepted')?.message).toContain('there is no mesh shopp (did you mean shop?)');
    expect(broken.status?.observedGeneration).toBe(broken.metadata.generation);
    expect(await all.look()).toBe(0);
    expect((await read(service('broken'))).metadata.resourceVersion).toBe(broken.metadata.resourceVersion);
    await apply(service('broken'));
    expect(await all.look()).toBe(1);
    const mended = await read(service('broken'));
    expect(conditionOf(mended, 'Accepted')).toMatchObject({ status: 'True', observedGeneration: 2 });
  });

  it('says what a rollout comes to, as the sink that is told of it, in the middle and at its end', async () => {
    await apply(service('checkout'));
    const all = statuses();
    await all.look();
    const deps = {
      readSinks: () => loader.readSinks(),
      writeStatus: all.tell,
      ...{ secret: () => Promise.resolve(''), nowMs: () => 0, activity: tellActivity() },
      client: { send: () => Promise.reject(new Error('it sends nothing')) },
    };
    const named = eventsOf('checkout');
    await deliverEvents(deps, { sink: 'hub:status', events: named.slice(0, -1) });
    const moving = await read(service('checkout'));
    expect(moving.status).toMatchObject({
      phase: 'moving',
      runs: [{ part: 'versions', kind: 'deploy', phase: 'moving' }],
    });
    expect(conditionOf(moving, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Progressing' });
    await deliverEvents({ ...deps, activity: tellActivity() }, { sink: 'hub:status', events: named.slice(-1) });
    const ended = await read(service('checkout'));
    expect(ended.status).toMatchObject({ phase: 'ended', lastOutcome: 'promoted' });
    expect(conditionOf(ended, 'Ready')).toMatchObject({ status: 'True', reason: 'Promoted' });
    expect(conditionOf(ended, 'Accepted')?.status).toBe('True');
    // A message that comes late, or again, changes nothing; neither does an object that is gone.
    await deliverEvents({ ...deps, activity: tellActivity() }, { sink: 'hub:status', events: named });
    expect((await read(service('checkout'))).metadata.resourceVersion).toBe(ended.metadata.resourceVersion);
    await admin.remove(pathOf(service('checkout')));
    await deliverEvents({ ...deps, activity: tellActivity() }, { sink: 'hub:status', events: named });
  });

  it('kubectl get shows mesh, version, phase and outcome', async () => {
    await apply(service('checkout'));
    const all = statuses();
    await all.look();
    for (const event of eventsOf('checkout')) await all.tell(event);
    const hub = servers().clusters['hub'] as TestCluster;
    const ca = /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? '';
    const agent = new Agent({ connect: { ca: Buffer.from(ca, 'base64').toString() } });
    const { body } = await request(`${hub.server}${pathOf(service('checkout'), false)}`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${hub.adminToken}`, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    const table = (await body.json()) as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
    await agent.close();
    const shown = table.columnDefinitions.map(({ name }, i) => [name, table.rows[0]?.cells[i]]);
    expect(Object.fromEntries(shown)).toMatchObject({
      ...{ Name: 'checkout', Mesh: 'shop', Version: 'v2', Phase: 'ended', Outcome: 'promoted' },
      ...{ Accepted: 'True', Ready: 'True', Message: expect.stringContaining('v2') },
    });
  });
});

describe('the rights that tidegate rbac --hub prints', () => {
  it('let nobody write a spec with them', async () => {
    const created = await apply(service('checkout'));
    const hub = servers().clusters['hub'] as TestCluster;
    const { createClusters } = await import('../../../platform/kube/clusters.ts');
    const clusters = createClusters();
    const patch = clusters
      .connect(hub.ref)
      .patch(created, { namespace: 'shop', name: 'checkout' }, { spec: { mesh: 'x' } });
    await expect(patch).rejects.toMatchObject({ code: 'Forbidden' });
    await clusters.close();
  });
});
