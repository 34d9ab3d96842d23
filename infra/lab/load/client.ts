/**
 * A client on a node: requests at a fixed rate, whatever the answers do (open loop), every second one on a connection
 * of its own, the others on a few kept-alive connections in turn. Nothing is retried.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import type { PodsBehind } from './pods-behind.ts';
import type { ConnectionKind, FailureKind, RequestRecord } from './report.ts';

const timeoutMs = 5_000;
const keptConnections = 8;
/** Each is used so often that it hears of its server's end (`Connection: close`) before the server is gone. */
const usesPerSecond = 2;
/** Above this the client is stuck; more sockets would only hide the reason. */
const longestQueue = 2_000;

export interface ClientSpec {
  readonly cluster: string;
  readonly node: string;
  /** Source address, which tells the service proxy the node. */
  readonly address: string;
}

export interface Target {
  readonly service: string;
  readonly host: string;
  readonly port: number;
}

/** The part of the requests that go past Envoy: every `every`th. */
export interface PastEnvoy {
  readonly every: number;
  readonly pods: PodsBehind;
}

/** Tells the pods of the lab that a request came past Envoy. */
export const pastEnvoyHeader = 'x-lab-past-envoy';

export interface LoadClient {
  readonly inFlight: number;
  /** Sends what has come due since the last call. */
  tick(now: number): void;
  aim(target: Target, perSecond: number, past?: PastEnvoy): void;
  stop(): void;
}

export function createLoadClient(spec: ClientSpec, record: (request: RequestRecord) => void): LoadClient {
  const kept = Array.from({ length: keptConnections }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  let target: Target | undefined;
  let pastEnvoy: PastEnvoy | undefined;
  let intervalMs = 0;
  let width = 1;
  let due = 0;
  let sent = 0;
  let inFlight = 0;

  /** The next one that is idle, else the next one: its request waits. */
  function nextAgent(): Agent {
    const turn = Math.floor(sent / 2);
    const inTurn = Array.from({ length: width }, (_, i) => kept[(turn + i) % width] as Agent);
    return inTurn.find((agent) => Object.keys(agent.sockets).length === 0) ?? (inTurn[0] as Agent);
  }

  function send(to: Target): void {
    const pod = pastEnvoy !== undefined && sent % pastEnvoy.every === 0 ? pastEnvoy.pods.next() : undefined;
    const connection: ConnectionKind = pod !== undefined ? 'past' : sent % 2 === 0 ? 'new' : 'kept';
    sent++;
    const at = Date.now();
    const { cluster: client, node, address } = spec;
    inFlight++;
    const headers = pod === undefined ? {} : { [pastEnvoyHeader]: '1' };
    ask(pod ?? to, { address, agent: connection === 'kept' ? nextAgent() : false, headers }, (answer) => {
      inFlight--;
      record({ at, service: to.service, client, node, connection, version: '', serving: '', ...answer });
    });
  }

  return {
    get inFlight() {
      return inFlight;
    },
    tick(now) {
      if (!target || intervalMs === 0) return;
      if (due === 0 || now - due > 1_000) due = now; // after a pause of this process: no burst
      for (; due <= now && inFlight < longestQueue; due += intervalMs) send(target);
    },
    aim(to, perSecond, past) {
      target = to;
      pastEnvoy = past;
      intervalMs = perSecond > 0 ? 1_000 / perSecond : 0;
      width = Math.max(1, Math.min(keptConnections, Math.floor(perSecond / 2 / usesPerSecond)));
      due = 0;
    },
    stop() {
      target = undefined;
      pastEnvoy?.pods.stop();
      // Requests under way end by themselves.
      setTimeout(() => kept.forEach((agent) => agent.destroy()), timeoutMs).unref();
    },
  };
}

type Outcome = Pick<RequestRecord, 'status' | 'failure'> & Partial<RequestRecord>;

/** One request; `done` is called once. */
function ask(
  to: Target,
  from: { address: string; agent: Agent | false; headers: Record<string, string> },
  done: (answer: Outcome & { latencyMs: number }) => void,
): void {
  const started = performance.now();
  let ended = false;
  const end = (outcome: Outcome): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    done({ ...outcome, latencyMs: performance.now() - started });
  };
  const outgoing = request({
    host: to.host,
    port: to.port,
    path: '/',
    localAddress: from.address,
    agent: from.agent,
    headers: { host: to.service, ...from.headers },
  });
  const timer = setTimeout(() => {
    end({ status: 0, failure: 'timeout', detail: `no answer in ${timeoutMs} ms` });
    outgoing.destroy();
  }, timeoutMs);
  outgoing.on('error', (error: NodeJS.ErrnoException) =>
    end({ status: 0, failure: kindOf(error), detail: `${error.code ?? ''} ${error.message}` }),
  );
  outgoing.on('response', (response) => readAnswer(response, end));
  outgoing.end();
}

function readAnswer(response: IncomingMessage, end: (outcome: Outcome) => void): void {
  let text = '';
  const status = response.statusCode ?? 0;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => (text += chunk));
  response.on('error', (error) => end({ status: 0, failure: 'reset', detail: error.message }));
  response.on('end', () => {
    const { version = '', cluster = '' } = answeredBy(text);
    const failure: FailureKind | undefined = status >= 500 ? '5xx' : status >= 300 ? 'status' : undefined;
    const bad = failure === undefined ? {} : { detail: `${status} ${text.slice(0, 160)}` };
    end({ status, failure, version, serving: cluster, ...bad });
  });
}

function answeredBy(text: string): { version?: string; cluster?: string } {
  if (!text.startsWith('{')) return {}; // a proxy's own answer
  return JSON.parse(text) as { version?: string; cluster?: string };
}

function kindOf(error: NodeJS.ErrnoException): FailureKind {
  return error.syscall === 'connect' || error.code === 'ECONNREFUSED' || error.code === 'EADDRNOTAVAIL'
    ? 'connect'
    : 'reset';
}
