/** One running process of a pod: a server on each of the pod's ports. */
import type { FaultBook, PodIdentity } from './faults.ts';
import { createGrpcServer } from './grpc-server.ts';
import { createHttpServer } from './http-server.ts';
import type { PodPort } from './pod-description.ts';
import type { NextWork } from './pod-server.ts';
import type { PodTelemetry } from './telemetry.ts';

export interface Container {
  listen(): Promise<void>;
  /** From now on clients are told to leave, so that kept-alive ones are gone before the listener is. */
  drain(): void;
  /** Ends idle connections, waits for running requests, at most `limitMs`. */
  stop(limitMs: number): Promise<void>;
  /** As after SIGKILL: every socket reset, nothing listens. */
  crash(): void;
}

export interface ContainerOptions {
  readonly address: string;
  readonly ports: readonly PodPort[];
  readonly pod: PodIdentity & { readonly name: string };
  readonly faults: FaultBook;
  readonly telemetry: PodTelemetry;
}

export function createContainer({ address, ports, pod, faults, telemetry }: ContainerOptions): Container {
  const who = { service: pod.service, version: pod.version, cluster: pod.cluster, pod: pod.name };
  const next: NextWork = (isPast) => {
    const fault = faults.of(pod);
    const errorRatio = isPast ? (fault.pastErrorRatio ?? fault.errorRatio) : fault.errorRatio;
    return {
      hang: fault.hang,
      fails: errorRatio > 0 && faults.draw(pod) < errorRatio,
      ms: 1 + Math.random() * 2 + fault.latencyMs,
    };
  };
  const create = { http: createHttpServer, grpc: createGrpcServer };
  const servers = ports.map(({ number, speaks }) => ({ number, server: create[speaks](who, next, telemetry) }));

  return {
    async listen() {
      await Promise.all(servers.map(({ number, server }) => server.listen(address, number)));
    },
    drain() {
      for (const { server } of servers) server.drain();
    },
    async stop(limitMs) {
      await Promise.all(servers.map(({ server }) => server.stop(limitMs)));
      await telemetry.flushAndStop();
    },
    crash() {
      for (const { server } of servers) server.crash();
      telemetry.abandon();
    },
  };
}
