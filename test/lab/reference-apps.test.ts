/**
 * The reference apps with real Envoys and under traffic, each in a lab of one cluster, all of its services side by side:
 * adopted as they are, deployed, breached, restored, undone and released. In full only.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Change } from '../../core/rollout/change.ts';
import type { Deployment } from '../../core/kube/objects.ts';
import { grpcPortsAnnotation, shopMesh, type LabMesh, type LabPort, type LabService } from '../../infra/lab/mesh.ts';
import { isFull } from '../support/full.ts';
import { startLabRig, type LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { PAGE, portsAsked, protocolsAsked, referenceApps, type ReferenceApp } from '../support/reference-apps.ts';
import { labService, type LabService as PlayedService } from './lab-service.ts';

/** Requests per second of all services of an app together, at most. */
const APP_RATE = 240;
const SERVICE_RATE = 60;
/** Rollouts side by side: a lab's worker shares two cores with all that it moves. */
const AT_ONCE = 5;
/** One of five of a version's answers, from its first on. */
const BAD = '0.2';

/** As the page says, whose table a port test makes. */
const adopted = (app: string): string[] =>
  [...readFileSync(PAGE, 'utf8').matchAll(/^\| (\S+) +\| (\S+) +\| adopted:/gm)].flatMap(([, of, service]) =>
    of === app && service !== undefined ? [service] : [],
  );

interface Port {
  readonly name: string;
  readonly port: number;
  readonly targetPort?: number | string;
}

/** An app's objects, and of each service that is adopted the port that its owner routes. */
function meshOf({ name: namespace, objects }: ReferenceApp): LabMesh {
  const [cluster] = shopMesh().clusters;
  if (cluster === undefined) throw new Error('the shop has no cluster');
  const grpcPorts = new Set<string>();
  const services = adopted(namespace).map((name): LabService => {
    const { spec } = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name) as unknown as {
      spec: { ports: Port[] };
    };
    const wanted = portsAsked[name];
    const chosen = spec.ports.find((one) => wanted === undefined || one.name === wanted);
    if (chosen === undefined) throw new Error(`${name} has no port ${wanted ?? ''}`);
    const speaks = protocolsAsked[name] === 'grpc' ? 'grpc' : 'http';
    if (speaks === 'grpc') grpcPorts.add(`${name} ${String(chosen.targetPort ?? chosen.port)}`);
    const port: LabPort = { name: chosen.name, speaks, port: chosen.port };
    return { name, namespace, ports: [port], replicas: 1, version: '', global: false, manifests: [] };
  });
  const manifests = objects.map((one) => (one.kind === 'Deployment' ? speaking(one, grpcPorts) : one));
  const [first, ...others] = services;
  if (first === undefined) throw new Error(`nothing of ${namespace} is adopted`);
  return { name: 'shop', clusters: [{ ...cluster, nodes: 1 }], services: [{ ...first, manifests }, ...others] };
}

/** The lab's pods are no images: they are told which of their ports speak gRPC. */
function speaking(object: ReferenceApp['objects'][number], grpcPorts: ReadonlySet<string>) {
  const { spec, ...rest } = object as unknown as Deployment;
  const ports = [...grpcPorts].flatMap((one) => {
    const [service, port] = one.split(' ');
    return service === rest.metadata.name ? [port] : [];
  });
  const { metadata } = spec.template;
  const annotations = { ...metadata?.annotations, [grpcPortsAnnotation]: ports.join(',') };
  return { ...rest, spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations } } } };
}

const describeInFull = isFull ? describe : describe.skip;

for (const app of referenceApps)
  describeInFull(app.name, () => {
    let rig: LabRig;
    let services: PlayedService[];
    let begun: number;

    beforeAll(async () => {
      rig = await startLabRig({ mesh: meshOf(app) });
      services = rig.lab.mesh.services.map(({ name }) => labService(rig, name));
      begun = Date.now();
      const rate = Math.min(SERVICE_RATE, Math.floor(APP_RATE / services.length));
      for (const service of services) {
        await service.configure({ rest: [50, 100], warm: '30m', maxUnknown: '3m', spec: { serviceVersion: 'env' } });
        await rig.lab.traffic.start({ service: service.name, rate });
      }
      await Promise.all(services.map((service) => service.measured()));
    }, limits.labUp + limits.labTest);

    afterAll(() => rig?.stop(), limits.labDown);

    /** A few services at once; their ends by name. */
    async function play(changeOf: (service: PlayedService) => Change): Promise<Record<string, string>> {
      const waiting = [...services];
      const ends: Record<string, string> = {};
      const next = async (): Promise<void> => {
        for (let service = waiting.shift(); service !== undefined; service = waiting.shift()) {
          await service.begin(changeOf(service));
          const { outcome, version, reason } = await service.end(limits.recording);
          const isBreach = outcome === 'restored' && reason.includes('breach');
          ends[service.name] = isBreach ? 'breached' : `${outcome ?? ''} ${version}`;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, next));
      return ends;
    }

    const all = (end: string): Record<string, string> => Object.fromEntries(services.map(({ name }) => [name, end]));
    const deploy =
      (version: string) =>
      ({ name }: PlayedService): Change => ({ kind: 'deploy', version, image: `registry.lab/${name}:${version}` });

    it(
      `is adopted as it is, deployed, breached, restored, undone and released: clients see no failure but those of the bad version`,
      async () => {
        const taken = await play(() => ({ kind: 'adopt' }));
        expect(Object.values(taken).filter((end) => !end.startsWith('promoted '))).toEqual([]);
        expect(await play(deploy('second'))).toEqual(all('promoted second'));
        for (const { name } of services) await rig.lab.break('errors', name, 'bad', '--ratio', BAD);
        expect(await play(deploy('bad'))).toEqual(all('breached'));
        await rig.lab.break('heal');
        expect(await play(() => ({ kind: 'undo' }))).toEqual(taken);
        expect(Object.values(await play(() => ({ kind: 'release' }))).map((end) => end.split(' ')[0])).toEqual(
          services.map(() => 'released'),
        );
        const seen = await Promise.all(services.map((service) => service.clientsSaw(begun)));
        expect(seen.flatMap((one) => one.failuresOutside('bad'))).toEqual([]);
        const requests = seen.reduce((sum, one) => sum + one.requests, 0);
        const failed = seen.reduce((sum, one) => sum + one.failed(), 0);
        process.stderr.write(
          `${app.name}: ${String(services.length)} services, ${String(requests)} requests, ${String(failed)} failed, all of the bad version\n`,
        );
      },
      limits.recording * 5,
    );
  });
