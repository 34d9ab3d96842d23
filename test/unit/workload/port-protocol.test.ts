import { describe, expect, it } from '@jest/globals';
import type { Service } from '../../../core/kube/objects.ts';
import { protocolFaults, protocolNotes } from '../../../core/rollout/preflight/protocol.ts';
import { defaultGrpcSlos, defaultSlos } from '../../../core/config/defaults.ts';
import type { PortProtocol } from '../../../core/routing/port-protocol.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { frontendFacts, frontendOf } from '../../../core/workload/cluster-facts.ts';
import { portRefusal, spokenBy } from '../../../core/workload/ports/port-protocol.ts';
import { routedBy, type RoutedBy } from '../../../core/workload/routed-port.ts';
import { facts, record } from '../../support/facts.ts';

describe('what a port speaks', () => {
  it.each([
    ['nothing said', '', '', 'http'],
    ['a name that is no protocol', 'main', '', 'http'],
    ['a name that only begins like one', 'tcpdump', '', 'http'],
    ['a name that every object has', 'constructor', '', 'http'],
    ['http-api', 'http-api', '', 'http'],
    ['ws', 'ws', '', 'http'],
    ['http2', 'http2-api', '', 'http2'],
    ['h2c', 'h2c', '', 'http2'],
    ['grpc', 'grpc', '', 'grpc'],
    ['gRPC in capitals', 'GRPC-api', '', 'grpc'],
    ['appProtocol HTTP', 'main', 'HTTP', 'http'],
    ['appProtocol kubernetes.io/ws', 'main', 'kubernetes.io/ws', 'http'],
    ['appProtocol kubernetes.io/h2c', 'main', 'kubernetes.io/h2c', 'http2'],
    ['appProtocol grpc', 'main', 'grpc', 'grpc'],
    ['appProtocol, which goes before the name', 'tcp-main', 'kubernetes.io/h2c', 'http2'],
  ])('%s', (_, name, appProtocol, spoken) => {
    expect(spokenBy({ name, appProtocol })).toBe(spoken);
  });

  it.each([
    ...['https', 'kubernetes.io/wss', 'wss', 'tls', 'GRPCS'].map((word) => ['', word, /says TLS/]),
    ...['tcp', 'postgres', 'redis', 'grpc-web', 'example.com/own'].map((word) => ['main', word, /is not supported/]),
    ...['https', 'https-api', 'tls', 'grpcs'].map((word) => [word, '', /says TLS/]),
    ...['tcp', 'tcp-main', 'mongo', 'redis-cache', 'Postgres', 'amqp'].map((word) => [word, '', /is not HTTP by its/]),
    ['grpc-web', '', /is gRPC-Web by its name/],
  ] as [string, string, RegExp][])(
    'port "%s" of appProtocol "%s" is refused, with a way out',
    (name, appProtocol, why) => {
      const refusal = portRefusal({ name, appProtocol });
      expect(refusal?.text).toMatch(why);
      expect(refusal?.fix).toContain('this one then stays as Cilium routes it');
    },
  );

  it('is what the Service document says, but TLS by appProtocol stays TLS', () => {
    expect(spokenBy({ name: 'tcp-main', appProtocol: '' }, 'grpc')).toBe('grpc');
    expect(spokenBy({ name: 'grpc', appProtocol: 'grpc' }, 'http')).toBe('http');
    expect(spokenBy({ name: 'main', appProtocol: 'example.com/own' }, 'http2')).toBe('http2');
    expect(portRefusal({ name: 'main', appProtocol: 'https' }, 'http')?.text).toBe(
      'appProtocol https says TLS, which Envoy does not open',
    );
  });
});

const serviceOf = (appProtocol: string, name = 'main'): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: { selector: { app: 'checkout' }, ports: [{ name, port: 9000, targetPort: 9001, appProtocol }] },
});

describe('the protocol of a route', () => {
  it('is kept in the record, where it is more than HTTP/1.1', () => {
    expect(frontendOf(serviceOf('grpc'), {})).toMatchObject({ port: 9000, protocol: 'grpc' });
    expect(frontendOf(serviceOf('kubernetes.io/h2c'), {})).toMatchObject({ protocol: 'http2' });
    expect(frontendOf(serviceOf('kubernetes.io/ws'), {})).not.toHaveProperty('protocol');
    expect(frontendOf(serviceOf(''), { protocol: 'grpc' })).toMatchObject({ protocol: 'grpc' });
  });

  it('stays what it was made for: another listener would end the connections of every caller', () => {
    const adopted = record('aws', { v1: 1_000_000 });
    expect(frontendOf(serviceOf('grpc'), routedBy(adopted, {}))).not.toHaveProperty('protocol');
    const grpc: RoutingRecord = { ...adopted, frontend: { ...adopted.frontend, protocol: 'grpc' } };
    expect(frontendOf(serviceOf(''), routedBy(grpc, { protocol: 'http' }))).toMatchObject({ protocol: 'grpc' });
  });
});

describe('a plan', () => {
  interface Given {
    readonly appProtocol?: string;
    readonly asked?: PortProtocol;
    readonly slos?: typeof defaultSlos | typeof defaultGrpcSlos;
    readonly adoptedAs?: 'http' | 'grpc';
  }
  const faultsOf = ({ appProtocol = '', asked, slos = defaultSlos, adoptedAs }: Given): string[] => {
    const plain = record('aws', { v1: 1_000_000 });
    const adopted =
      adoptedAs === 'grpc' ? { ...plain, frontend: { ...plain.frontend, protocol: adoptedAs } as const } : plain;
    const found = adoptedAs === undefined ? null : adopted;
    const by: RoutedBy = routedBy(found, asked === undefined ? {} : { protocol: asked });
    const seen = facts('aws').frontend;
    const read = frontendFacts(serviceOf(appProtocol), by);
    const service = { name: 'checkout', slos, ...(asked !== undefined && { protocol: asked }) };
    const frontend = seen && read && { ...seen, ...read };
    return protocolFaults({ frontend, record: found }, service).map(({ text, fix }) => `${text} (${fix})`);
  };

  it('refuses to judge gRPC by HTTP status, whoever says that it is gRPC: every failed call is a 200', () => {
    expect(faultsOf({ appProtocol: 'grpc' })).toEqual([
      expect.stringMatching(
        /^port main \(9000\) speaks gRPC, as the Service says, and no SLO counts its status.*spec\.protocol: grpc/,
      ),
    ]);
    expect(faultsOf({ asked: 'grpc' })).toEqual([expect.stringMatching(/as spec\.protocol says/)]);
    expect(faultsOf({ appProtocol: 'grpc', adoptedAs: 'http' })).toEqual([
      expect.stringMatching(/as the Service says/),
    ]);
    expect(faultsOf({ appProtocol: 'grpc', asked: 'grpc', slos: defaultGrpcSlos })).toEqual([]);
    // A person who writes http means it.
    expect(faultsOf({ appProtocol: 'grpc', asked: 'http' })).toEqual([]);
    expect(faultsOf({ appProtocol: 'kubernetes.io/h2c' })).toEqual([]);
  });

  it('refuses an SLO of gRPC at Envoy where Envoy does not count it: it would be unknown for ever', () => {
    expect(faultsOf({ slos: defaultGrpcSlos })).toEqual([
      expect.stringMatching(/^SLO grpc-errors takes gRPC's status from Envoy, .* port main \(9000\) is one of http/),
    ]);
    expect(faultsOf({ slos: defaultGrpcSlos, adoptedAs: 'http' })).toEqual([expect.stringMatching(/tidegate release/)]);
    expect(faultsOf({ slos: defaultGrpcSlos, adoptedAs: 'grpc' })).toEqual([]);
  });

  it('refuses another protocol than that of the route, and says how to make the route anew', () => {
    expect(faultsOf({ asked: 'grpc', slos: defaultGrpcSlos, adoptedAs: 'http' })).toEqual([
      'spec.protocol says grpc, and the route is of http (write http, or make the route anew: tidegate release checkout, and tidegate adopt checkout)',
    ]);
    expect(faultsOf({ asked: 'grpc', slos: defaultGrpcSlos, adoptedAs: 'grpc' })).toEqual([]);
  });

  it('says of which ports more than HTTP/1.1 is carried, and what a request timeout does to streams', () => {
    const of = (cluster: string, appProtocol: string) => {
      const [seen, read] = [facts(cluster).frontend, frontendFacts(serviceOf(appProtocol), {})];
      return facts(cluster, { frontend: seen && read && { ...seen, ...read } });
    };
    expect(protocolNotes([of('aws', 'grpc'), of('gcp', 'grpc'), of('fra', '')], { requestTimeoutMs: 0 })).toEqual([
      'aws, gcp: port main (9000) is carried as gRPC: its calls are judged by their status',
    ]);
    expect(protocolNotes([of('aws', '')], { requestTimeoutMs: 30_000 })).toEqual([
      expect.stringMatching(/^policy\.requestTimeout ends every answer after 30s, streams/),
    ]);
  });
});
