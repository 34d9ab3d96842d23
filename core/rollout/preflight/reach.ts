/** Can the cluster be read, and is the Service one that can be taken? */
import type { ClusterFacts } from '../../workload/facts.ts';
import { isCalled, portText } from '../../workload/routed-port.ts';
import type { PortProtocol } from '../../routing/port-protocol.ts';
import { portRefusal } from '../../workload/ports/port-protocol.ts';
import { envoyProblems } from './envoy.ts';
import { protocolFaults } from './protocol.ts';
import type { Problem, Asked } from './problem.ts';

export function reachProblems(one: ClusterFacts, where: string, { change, config }: Asked): Problem[] {
  if (one.unreachable !== '') {
    const leaveOut = change.kind === 'adopt' ? '' : `leave it out (--without ${one.cluster}), `;
    return [
      {
        code: 'Unavailable',
        text: unreachedText(one),
        fix: `repair the access, ${leaveOut}or take the cluster out of the Mesh document`,
      },
    ];
  }
  const foreign = one.foreign.map((name): Problem => ({
    code: 'Foreign',
    text: `${where}: ${name} already routes this Service`,
    fix: 'remove it, or leave this service to its manager: two owners of one route fight',
  }));
  const { frontend } = one;
  if (frontend === null) return [...foreign, noFrontend(where)];
  return [
    ...foreign,
    ...envoyProblems(one),
    ...[
      ...unsupported(frontend, config.service.protocol),
      ...portFaults(one, config.service),
      ...protocolFaults(one, config.service),
    ].map(({ text, fix }) => invalid(`${where}: ${text}`, fix)),
  ];
}

export const unreachedText = ({ cluster, unreachable }: ClusterFacts): string =>
  `${cluster} cannot be reached: ${unreachable}`;

export const noFrontend = (where: string): Problem => ({
  code: 'Invalid',
  text: `${where}: no such Service`,
  fix: 'create the Service there; Tidegate never creates namespaces or frontends',
});

const invalid = (text: string, fix: string): Problem => ({ code: 'Invalid', text, fix });

/** Is the port that config names one of the Service, and the one that is routed? */
export function portFaults(
  { frontend, record }: Pick<ClusterFacts, 'frontend' | 'record'>,
  { port: asked, name }: { readonly port: string; readonly name: string },
): { readonly text: string; readonly fix: string }[] {
  if (frontend === null || frontend.ports === 0) return [];
  const { port, portName, ports, otherPorts = [] } = frontend;
  const routed = portText({ name: portName, port });
  const all = [...(port === 0 ? [] : [routed]), ...otherPorts].join(', ');
  const move = `move the route: tidegate release ${name}, and tidegate adopt ${name}`;
  if (port === 0 && record !== null) {
    const was = portText({ name: record.frontend.portName, port: record.frontend.port });
    return [{ text: `port ${was} of the route is gone: it has ${all}`, fix: `put it back, or ${move}` }];
  }
  if (asked === '') {
    if (port !== 0) return [];
    const text = `it has ${String(ports)} ports (${all}), and spec.port names none`;
    return [{ text, fix: 'name the one whose calls are to be canaried: the others stay with the proven version' }];
  }
  if (port !== 0 && isCalled(asked, { name: portName, port })) return [];
  if (record === null) return [{ text: `it has no port ${asked}: it has ${all}`, fix: 'correct spec.port' }];
  return [
    { text: `spec.port says ${asked}, and the route is of port ${routed}`, fix: `put ${routed} back, or ${move}` },
  ];
}

/** Each reason once: what the shape says, and what the facts say by themselves (an older worker reads no shape). */
export function unsupported(
  frontend: NonNullable<ClusterFacts['frontend']>,
  asked?: PortProtocol,
): { readonly text: string; readonly fix: string }[] {
  const { selector, appProtocol, portName, shape } = frontend;
  const found = [
    frontend.sessionAffinity ? 'session affinity (ClientIP) is not supported yet: a weighted split would break it' : '',
    Object.keys(selector).length === 0 ? 'it has no selector, so its pods are unknown' : '',
    ...(shape?.refused ?? []),
  ];
  const port = portRefusal({ name: portName, appProtocol }, asked);
  const others = [...new Set(found)].filter((why) => why !== '' && why !== port?.text);
  const fix = 'see README, "What it does not do yet"';
  return [...(port === undefined ? [] : [port]), ...others.map((text) => ({ text, fix }))];
}
