/**
 * A client on a node: requests at a fixed rate, whatever the answers do (open loop), every second one on a connection
 * of its own, the others on a few kept-alive connections in turn. Nothing is retried.
 */
import { timeoutMs, pastEnvoyHeader, type Dialer, type Target } from './dialer.ts';
import { createGrpcDialer } from './grpc-dialer.ts';
import { createHttpDialer } from './http-dialer.ts';
import type { PodsBehind } from './pods-behind.ts';
import type { ConnectionKind, RequestRecord } from './report.ts';

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

/** The part of the requests that go past Envoy: every `every`th. */
export interface PastEnvoy {
  readonly every: number;
  readonly pods: PodsBehind;
}

export interface LoadClient {
  readonly inFlight: number;
  /** Sends what has come due since the last call. */
  tick(now: number): void;
  aim(target: Target, perSecond: number, past?: PastEnvoy): void;
  stop(): void;
}

export function createLoadClient(spec: ClientSpec, record: (request: RequestRecord) => void): LoadClient {
  let dialer: Dialer | undefined;
  let target: Target | undefined;
  let pastEnvoy: PastEnvoy | undefined;
  let intervalMs = 0;
  let width = 1;
  let due = 0;
  let sent = 0;
  let inFlight = 0;

  function send(to: Target, by: Dialer): void {
    const pod = pastEnvoy !== undefined && sent % pastEnvoy.every === 0 ? pastEnvoy.pods.next() : undefined;
    const connection: ConnectionKind = pod !== undefined ? 'past' : sent % 2 === 0 ? 'new' : 'kept';
    sent++;
    const at = Date.now();
    const started = performance.now();
    const { cluster: client, node } = spec;
    inFlight++;
    const how = {
      kept: connection === 'kept' ? width : undefined,
      headers: pod === undefined ? {} : { [pastEnvoyHeader]: '1' },
    };
    by.ask(pod ?? to, how, (answer) => {
      inFlight--;
      const latencyMs = performance.now() - started;
      record({ at, service: to.service, client, node, connection, version: '', serving: '', latencyMs, ...answer });
    });
  }

  return {
    get inFlight() {
      return inFlight;
    },
    tick(now) {
      if (!target || !dialer || intervalMs === 0) return;
      if (due === 0 || now - due > 1_000) due = now; // after a pause of this process: no burst
      for (; due <= now && inFlight < longestQueue; due += intervalMs) send(target, dialer);
    },
    aim(to, perSecond, past) {
      dialer = to.speaks === 'grpc' ? createGrpcDialer(spec.address) : createHttpDialer(spec.address, keptConnections);
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
      setTimeout(() => dialer?.close(), timeoutMs).unref();
    },
  };
}
