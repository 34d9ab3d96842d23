/** Is the routed port judged as what it speaks, and is it what it was when it was adopted? */
import { protocolOf } from '../../judge/series/conventions.ts';
import type { Slo } from '../../judge/settings.ts';
import type { PortProtocol } from '../../routing/port-protocol.ts';
import { durationText } from '../../values/duration.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { spokenBy, type PortRefusal } from '../../workload/ports/port-protocol.ts';
import { portText } from '../../workload/routed-port.ts';

export interface ProtocolAsked {
  readonly name: string;
  /** spec.protocol. */
  readonly protocol?: PortProtocol;
  readonly slos: readonly Slo[];
}

/** A failed call of gRPC is an HTTP 200: who judges it by HTTP finds every version healthy. */
export function protocolFaults(
  { frontend, record }: Pick<ClusterFacts, 'frontend' | 'record'>,
  { name, protocol: asked, slos }: ProtocolAsked,
): PortRefusal[] {
  if (frontend === null || frontend.port === 0) return [];
  const { portName, port, appProtocol, protocol: routed = 'http' } = frontend;
  if (record !== null && asked !== undefined && asked !== routed) {
    return [
      {
        text: `spec.protocol says ${asked}, and the route is of ${routed}`,
        fix: `write ${routed}, or make the route anew: tidegate release ${name}, and tidegate adopt ${name}`,
      },
    ];
  }
  const called = portText({ name: portName, port });
  const says = spokenBy({ name: portName, appProtocol }, asked);
  if ((says === 'grpc' || routed === 'grpc') && asked !== 'http' && !slos.some(countsGrpc)) {
    const why = asked === 'grpc' ? 'spec.protocol says' : 'the Service says';
    return [
      {
        text: `port ${called} speaks gRPC, as ${why}, and no SLO counts its status: to HTTP a call that failed is a 200`,
        fix: 'write spec.protocol: grpc and leave spec.slos out, or name SLOs of metricSource opentelemetry-rpc-server or envoy-cluster-grpc (docs/how-to/grpc.md)',
      },
    ];
  }
  const blind = slos.find(countsAtEnvoy);
  if (blind === undefined || routed === 'grpc') return [];
  return [
    {
      text: `SLO ${blind.name} takes gRPC's status from Envoy, which counts it for routes of gRPC only, and port ${called} is one of ${routed}`,
      fix:
        record === null
          ? 'write spec.protocol: grpc, or take metricSource envoy-cluster'
          : `write spec.protocol: grpc and make the route anew (tidegate release ${name}, and tidegate adopt ${name}), or take metricSource envoy-cluster`,
    },
  ];
}

const countsGrpc = (slo: Slo): boolean =>
  countsAtEnvoy(slo) || (slo.source === 'server' && protocolOf([slo]) === 'rpc');

const countsAtEnvoy = ({ source, protocol }: Slo): boolean => source === 'envoy' && protocol === 'rpc';

/** What an adoption says of ports that are more than HTTP/1.1. */
export function protocolNotes(
  facts: readonly ClusterFacts[],
  { requestTimeoutMs }: { readonly requestTimeoutMs: number },
): string[] {
  const spoken = facts.flatMap(({ cluster, frontend }) =>
    frontend?.protocol === undefined
      ? []
      : [
          {
            cluster,
            what: `${portText({ name: frontend.portName, port: frontend.port })} is carried as ${names[frontend.protocol]}`,
          },
        ],
  );
  const ports = [...Map.groupBy(spoken, ({ what }) => what)].map(
    ([what, clusters]) => `${clusters.map(({ cluster }) => cluster).join(', ')}: port ${what}`,
  );
  const timeout = `policy.requestTimeout ends every answer after ${durationText(requestTimeoutMs)}, streams of gRPC and server-sent events too`;
  return requestTimeoutMs > 0 ? [...ports, timeout] : ports;
}

const names = {
  http2: 'HTTP/2 without TLS (HTTP/1.1, too)',
  grpc: 'gRPC: its calls are judged by their status',
} as const;
