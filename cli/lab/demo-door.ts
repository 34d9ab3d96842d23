/**
 * The last act of the demo, through the front door: an image is pushed, the registry tells of it, a rollout starts, a
 * person approves it by a link, and a sink hears of all that. Nobody uses the command line.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { TidegateError } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import type { Lab } from '../../infra/lab/client.ts';
import { pushImage } from '../../infra/lab/registry.ts';
import type { Io } from '../io.ts';

/** What a sink heard, in the words of CloudEvents. */
interface Heard {
  readonly type: string;
  readonly data: unknown;
}

export interface Sink {
  readonly url: string;
  /** Resolves with the first event that fits, heard already or later. @throws TidegateError Unavailable, in time */
  heard(type: string, withinMs: number): Promise<Heard>;
  close(): Promise<void>;
}

/** Takes structured CloudEvents, and shows each as one line. */
export async function openSink(io: Io): Promise<Sink> {
  const events: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const event = JSON.parse(Buffer.concat(chunks).toString()) as Heard;
      events.push(event);
      io.stderr(`   ⇠ ${event.type}${reasonIn(event)}\n`);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async heard(type, withinMs) {
      for (const end = io.now() + withinMs; io.now() < end && !io.signal.aborted; await io.sleep(50)) {
        const found = events.find((event) => event.type === type);
        if (found !== undefined) return found;
      }
      throw new TidegateError('Unavailable', `the sink has not heard of ${type} within ${withinMs / 1000} s`);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function reasonIn({ data }: Heard): string {
  const reason = fieldAt(data, 'reason');
  return typeof reason === 'string' && reason !== '' ? `: ${reason}` : '';
}

export interface DoorScene {
  readonly lab: Lab;
  readonly io: Io;
  readonly service: string;
  readonly version: string;
  /** The CLI's entry. */
  readonly script: string;
}

/** Starts the front door, with a sink, and a gate at the first step of the service. */
export async function openDoor({ lab, service, script }: DoorScene, sink: Sink): Promise<() => Promise<void>> {
  const config = lab.env.TIDEGATE_CONFIG;
  const [sinkFile, serviceFile] = [join(config, 'demo-sink.yaml'), join(config, `${service}.yaml`)];
  const before = await readFile(serviceFile, 'utf8');
  const secret = { file: join(lab.runDir, 'data/sink-secret') };
  const document = {
    ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Sink', metadata: { name: 'demo' } },
    spec: { type: 'http', url: sink.url, secrets: [secret], events: ['dev.tidegate.rollout.*'] },
  };
  await writeFile(sinkFile, stringify(document));
  await writeFile(serviceFile, withGate(before));
  await lab.frontDoor.start(script);
  return async () => {
    await lab.frontDoor.kill();
    await writeFile(serviceFile, before);
    await rm(sinkFile);
  };
}

/** The first step of the first wave waits for a person; the rest is short. */
function withGate(document: string): string {
  const service = parse(document) as { spec: { rollout: { waves: { steps: unknown[] }[] } } };
  service.spec.rollout.waves.forEach((wave, i) => {
    const last = { share: 100, bake: '5s' };
    wave.steps = i === 0 ? [{ share: 20, bake: '5s', approve: true }, last] : [last];
  });
  return stringify(service, { aliasDuplicateObjects: false });
}

interface StartedRun {
  readonly handle: WorkflowHandle;
  readonly workflowId: string;
  readonly runId: string;
}

/** Pushes the image; resolves with the run that came of it. */
export async function pushed(scene: DoorScene, sink: Sink, client: Client): Promise<StartedRun> {
  const { lab, io, service, version } = scene;
  const namespace = lab.mesh.services.find(({ name }) => name === service)?.namespace ?? '';
  const image = { repository: `${namespace}/${service}`, tag: version };
  io.stderr(`   docker push ${lab.env.LAB_REGISTRY}/${image.repository}:${version}\n`);
  await pushImage(lab.env.LAB_REGISTRY, image);
  const run = fieldAt((await sink.heard('dev.tidegate.rollout.started', 60_000)).data, 'run');
  const [workflowId, runId] = [String(fieldAt(run, 'workflowId')), String(fieldAt(run, 'runId'))];
  return { handle: client.workflow.getHandle(workflowId, runId), workflowId, runId };
}

/** Opens the link that the sink was told, as a person would, and approves. */
export async function approveByLink({ io }: DoorScene, sink: Sink): Promise<void> {
  const gated = await sink.heard('dev.tidegate.rollout.gated', 120_000);
  const link = String(fieldAt(fieldAt(gated.data, 'links'), 'approve'));
  io.stderr(`── it waits for a person: ${link.slice(0, 72)}…\n`);
  const page = await fetch(link);
  if (!page.ok) throw new TidegateError('Unavailable', `the page to approve on answers ${page.status}`);
  const approved = await fetch(link, { method: 'POST' });
  if (!approved.ok) throw new TidegateError('Unavailable', `the approval was answered ${approved.status}`);
  io.stderr('── approved by the link; it works once\n');
}
