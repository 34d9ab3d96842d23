/**
 * What a port speaks: as the Service document says, else by its appProtocol, else by the first word of its name. What
 * Envoy cannot carry is refused by name, with a way out. Pure.
 */
import type { PortProtocol } from '../../routing/port-protocol.ts';

export interface SpokenPort {
  readonly name: string;
  readonly appProtocol: string;
}

export interface PortRefusal {
  readonly text: string;
  readonly fix: string;
}

const byAppProtocol = new Map<string, PortProtocol>(
  Object.entries({
    http: 'http',
    'kubernetes.io/http': 'http',
    'kubernetes.io/ws': 'http',
    ws: 'http',
    'kubernetes.io/h2c': 'http2',
    h2c: 'http2',
    http2: 'http2',
    grpc: 'grpc',
  } as const),
);

/** First words of port names (`grpc-api`), as Istio reads names. */
const byName = new Map<string, PortProtocol>(
  Object.entries({
    h2: 'http2',
    h2c: 'http2',
    http2: 'http2',
    ws: 'http',
    grpc: 'grpc',
  } as const),
);

/** Does the name say that it is HTTP of some kind? */
export const isSaidByName = (name: string): boolean => {
  const first = name.toLowerCase().split('-')[0] ?? '';
  return first === 'http' || byName.has(first);
};

/** Words of appProtocol and first words of names that say TLS. */
const encrypted: readonly string[] = [
  ...['https', 'grpcs', 'wss', 'kubernetes.io/wss', 'tls', 'mtls', 'ssl', 'http3', 'quic'],
];

/**
 * First words of port names that say neither HTTP nor TLS, as Istio reads names, with the names that people give to
 * databases and brokers. `http` and words that are no protocol are plain HTTP.
 */
const otherWords: readonly string[] = [
  ...['tcp', 'udp', 'sctp', 'dns', 'ssh', 'ftp', 'smtp', 'smtps', 'imap', 'ldap', 'ldaps', 'sip'],
  ...['postgres', 'postgresql', 'pgsql', 'psql', 'pg', 'mysql', 'mariadb', 'mssql', 'mongo', 'mongodb', 'cql'],
  ...['cassandra', 'redis', 'rediss', 'memcache', 'memcached', 'etcd', 'zookeeper'],
  ...['amqp', 'amqps', 'mqtt', 'mqtts', 'kafka', 'nats', 'stomp', 'thrift', 'dubbo', 'rpc', 'jmx'],
];

const ANOTHER = 'route another port (spec.port): this one then stays as Cilium routes it, with the proven version';
const isTls = (what: string): PortRefusal => ({
  text: `${what} says TLS, which Envoy does not open`,
  fix: `let the pods take plain HTTP there (WireGuard or IPsec of Cilium encrypts between nodes), or ${ANOTHER}`,
});
const isOther = (what: string, why: string): PortRefusal => ({
  text: `${what} ${why}`,
  fix: `${ANOTHER}; if it does carry HTTP, write spec.protocol: http (or http2, grpc)`,
});

/** `asked`: spec.protocol. It overrules every word but an appProtocol that says TLS. */
export function spokenBy({ name, appProtocol }: SpokenPort, asked?: PortProtocol): PortProtocol | PortRefusal {
  const said = appProtocol.toLowerCase();
  if (encrypted.includes(said)) return isTls(`appProtocol ${appProtocol}`);
  if (asked !== undefined) return asked;
  if (said !== '') {
    return (
      byAppProtocol.get(said) ??
      isOther(`appProtocol ${appProtocol}`, 'is not supported: HTTP, HTTP/2 and gRPC without TLS are')
    );
  }
  const words = name.toLowerCase().split('-');
  const first = words[0] ?? '';
  if (encrypted.includes(first)) return isTls(`the name of port ${name}`);
  if (otherWords.includes(first)) return isOther(`port ${name}`, 'is not HTTP by its name');
  if (first === 'grpc' && words[1] === 'web')
    return isOther(`port ${name}`, 'is gRPC-Web by its name, whose status stands in the body, where nothing counts it');
  return byName.get(first) ?? 'http';
}

/** Why Envoy cannot carry it; undefined: it can. */
export function portRefusal(port: SpokenPort, asked?: PortProtocol): PortRefusal | undefined {
  const spoken = spokenBy(port, asked);
  return typeof spoken === 'string' ? undefined : spoken;
}
