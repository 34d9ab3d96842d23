/** Ports that databases, caches and brokers listen at: what nobody serves HTTP at, whatever the port is called. Pure. */
import type { ServicePort } from '../../kube/objects.ts';
import { isSaidByName } from '../ports/port-protocol.ts';

/** As their projects document them; none is a port that people give to HTTP. */
const owners: Readonly<Record<number, string>> = {
  1433: 'SQL Server',
  1521: 'Oracle',
  2181: 'ZooKeeper',
  2379: 'etcd',
  3306: 'MySQL',
  4222: 'NATS',
  5432: 'PostgreSQL',
  5672: 'AMQP',
  6379: 'Redis and Valkey',
  9042: 'Cassandra',
  9092: 'Kafka',
  11211: 'Memcached',
  26257: 'CockroachDB',
  27017: 'MongoDB',
};

/** Why a port is not plain HTTP by its number; '' when nothing says so. Who gives an appProtocol, or a word of the name, says it better. */
export function portNumberRefusal({ port, targetPort = port, appProtocol = '', name = '' }: ServicePort): string {
  const number = [targetPort, port].find((one) => typeof one === 'number' && owners[one] !== undefined);
  const isSaid = appProtocol !== '' || isSaidByName(name);
  if (typeof number !== 'number' || isSaid) return '';
  return `port ${String(number)} is that of ${owners[number] ?? ''}, not of plain HTTP (if it is: appProtocol: http, or spec.protocol: http)`;
}
