/** Can the cluster be read, and is the Service one that can be taken? */
import type { ClusterFacts } from '../../workload/facts.ts';
import { appProtocolRefusal, portNameRefusal } from '../../workload/service-shape.ts';
import { envoyProblems } from './envoy.ts';
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
    ...unsupported(frontend, config.service.port).map((why): Problem => ({
      code: 'Invalid',
      text: `${where}: ${why}`,
      fix: 'see README, "What it does not do yet"',
    })),
  ];
}

export const unreachedText = ({ cluster, unreachable }: ClusterFacts): string =>
  `${cluster} cannot be reached: ${unreachable}`;

export const noFrontend = (where: string): Problem => ({
  code: 'Invalid',
  text: `${where}: no such Service`,
  fix: 'create the Service there; Tidegate never creates namespaces or frontends',
});

/** Each reason once: what the shape says, and what the facts say by themselves (an older worker reads no shape). */
export function unsupported(frontend: NonNullable<ClusterFacts['frontend']>, port: string): string[] {
  const { ports, selector, appProtocol, portName, shape } = frontend;
  const many = `it has ${ports} ports${port === '' ? ', and spec.port names none' : '; several HTTP ports of one Service are not supported yet'}`;
  const found = [
    ports > 1 ? many : '',
    frontend.sessionAffinity ? 'session affinity (ClientIP) is not supported yet: a weighted split would break it' : '',
    appProtocolRefusal(appProtocol),
    portNameRefusal(portName),
    Object.keys(selector).length === 0 ? 'it has no selector, so its pods are unknown' : '',
    ...(shape?.refused ?? []),
  ];
  return [...new Set(found.filter((why) => why !== ''))];
}
