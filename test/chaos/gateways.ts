/**
 * Between the worker and the servers that it asks: one gateway per API server (TLS, with the server's own certificate) and
 * one for Prometheus. Each passes everything on until it is told otherwise. Only the worker is led through them: the lab's
 * own parts, clients and people reach the servers themselves.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import {
  createServer as createPlain,
  request as plainRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTls, request as tlsRequest } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import type { Lab } from '../../infra/lab/client.ts';
import type { LabRig } from '../support/lab-rig.ts';

export type Manner =
  | { readonly does: 'pass' }
  /** Every call takes so long first, ms. */
  | { readonly does: 'slow'; readonly ms: number }
  /** `body`: the text, or what it is for the text that came with the call. */
  | {
      readonly does: 'answer';
      readonly status: number;
      readonly type: string;
      readonly body: string | ((asked: string) => string);
    };

export interface Gateways {
  set(server: string, manner: Manner): void;
  /** All pass again. */
  heal(): void;
  close(): Promise<void>;
}

export const metrics = 'prometheus';
const pass: Manner = { does: 'pass' };

/** Starts them and leads the next worker through: its kubeconfigs and its Mesh document name the gateways. */
export async function openGateways(rig: LabRig): Promise<Gateways> {
  const { lab } = rig;
  const manners = new Map<string, Manner>();
  const servers: Server[] = [];
  const gateway = async (name: string, target: URL): Promise<string> => {
    const secure = target.protocol === 'https:';
    const answer = (asked: IncomingMessage, response: ServerResponse): void =>
      void serve({ asked, response, target, manner: manners.get(name) ?? pass, sleep: rig.io.sleep }).catch(() =>
        response.destroy(),
      );
    const server = secure ? createTls(certificate(lab, name), answer) : createPlain(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `${target.protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  for (const { name, server, kubeconfig } of lab.clusters)
    await replaceIn(kubeconfig, server, await gateway(name, new URL(server)));
  const url = lab.env.PROMETHEUS_URL;
  await replaceIn(join(lab.env.TIDEGATE_CONFIG, 'mesh.yaml'), url, await gateway(metrics, new URL(url)));
  const heal = (): void => manners.clear();
  return {
    set: (server, manner) => void manners.set(server, manner),
    heal,
    async close() {
      heal();
      for (const server of servers) server.close();
    },
  };
}

interface Call {
  readonly asked: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: URL;
  readonly manner: Manner;
  readonly sleep: (ms: number) => Promise<void>;
}

async function serve(call: Call): Promise<void> {
  const { asked, response, manner, sleep } = call;
  switch (manner.does) {
    case 'answer': {
      const said = await textOf(asked);
      const body = typeof manner.body === 'string' ? manner.body : manner.body(said);
      response.writeHead(manner.status, { 'content-type': manner.type }).end(body);
      return;
    }
    case 'slow':
      await sleep(manner.ms);
      return passOn(call);
    case 'pass':
      return passOn(call);
  }
}

function passOn({ asked, response, target }: Call): void {
  const options = {
    host: target.hostname,
    port: target.port,
    method: asked.method,
    path: asked.url,
    headers: { ...asked.headers, host: target.host },
  };
  const send = target.protocol === 'https:' ? tlsRequest : plainRequest;
  const onward = send({ ...options, rejectUnauthorized: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  // A dead server is a dead connection to its callers, too: a gateway has no word of its own.
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  asked.pipe(onward);
}

function certificate(lab: Lab, cluster: string): { cert: Buffer; key: Buffer } {
  const dir = join(lab.runDir, 'data', cluster, 'certificates');
  const file = (end: string): Buffer =>
    readFileSync(join(dir, readdirSync(dir).find((name) => name === `apiserver.${end}`) ?? `apiserver.${end}`));
  return { cert: file('crt'), key: file('key') };
}

async function replaceIn(path: string, old: string, now: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  if (!text.includes(old)) throw new Error(`${path} does not name ${old}`);
  await writeFile(path, text.replaceAll(old, now));
}
