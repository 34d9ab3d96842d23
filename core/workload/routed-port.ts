/** Which port of a frontend is routed. Calls to its other ports stay as Cilium routes them, and follow the pin. Pure. */
import type { Service, ServicePort } from '../kube/objects.ts';
import type { PortProtocol } from '../routing/port-protocol.ts';
import type { Frontend, RoutingRecord } from '../routing/record.ts';
import type { ServiceRef } from '../routing/service-ref.ts';

export interface RoutedBy {
  /** What the route was made for. It goes before what is asked: a route in use is not moved by an edit of config. */
  readonly recorded?: Pick<Frontend, 'port' | 'portName' | 'protocol'>;
  /** spec.port of the Service document, a number or a name. Absent: the frontend has one port. */
  readonly asked?: string;
  /** spec.protocol of the Service document. */
  readonly protocol?: PortProtocol;
}

/** A record of nothing (an adoption was taken back) says nothing of ports. */
export const routedBy = (
  record: RoutingRecord | null | undefined,
  { port, protocol }: Pick<ServiceRef, 'port' | 'protocol'>,
): RoutedBy => ({
  ...(record && (record.versions.proven ?? record.versions.current) !== null && { recorded: record.frontend }),
  ...(port !== undefined && { asked: port }),
  ...(protocol !== undefined && { protocol }),
});

/** undefined: there is none, or several and nothing says which. */
export function routedPort({ spec }: Service, { recorded, asked }: RoutedBy): ServicePort | undefined {
  const { ports = [] } = spec;
  const only = ports.length === 1 ? ports[0] : undefined;
  // Where config names a port, the only one that is left is another one.
  if (recorded !== undefined) return portOf(ports, recorded) ?? (asked === undefined ? only : undefined);
  return asked === undefined ? only : ports.find((one) => isCalled(asked, one));
}

/** By number and name (TCP and UDP may share a number); one that has got another name, or another number, by the rest. */
const portOf = (ports: readonly ServicePort[], { port, portName }: Pick<Frontend, 'port' | 'portName'>) =>
  ports.find(({ name = '', ...one }) => one.port === port && name === portName) ??
  ports.find((one) => one.port === port && one.protocol !== 'UDP') ??
  ports.find(({ name = '' }) => name !== '' && name === portName);

/** `called`: a number or a name. */
export const isCalled = (called: string, { name, port }: Pick<ServicePort, 'name' | 'port'>): boolean =>
  called === name || called === String(port);

/** `http (80)`, or `80`. */
export const portText = ({ name = '', port }: Pick<ServicePort, 'name' | 'port'>): string =>
  name === '' ? String(port) : `${name} (${String(port)})`;
