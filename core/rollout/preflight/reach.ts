/** Can the cluster be read, and is the Service one that can be taken? */
import type { ClusterFacts } from '../../workload/facts.ts';
import type { Problem, Asked } from './problem.ts';

export function reachProblems(one: ClusterFacts, where: string, { change, config }: Asked): Problem[] {
  // A restore goes past what is wrong, and retries without limit what cannot be reached.
  if (change.kind === 'restore') return [];
  if (one.unreachable !== '') {
    return [
      {
        code: 'Unavailable',
        text: `${one.cluster} cannot be reached: ${one.unreachable}`,
        fix: 'repair the access, or take the cluster out of the Mesh document',
      },
    ];
  }
  const foreign = one.foreign.map((name): Problem => ({
    code: 'Foreign',
    text: `${where}: ${name} already routes this Service`,
    fix: 'remove it, or leave this service to its manager: two owners of one route fight',
  }));
  const { frontend } = one;
  if (frontend === null) {
    const text = `${where}: no such Service`;
    return [
      ...foreign,
      { code: 'Invalid', text, fix: `create the Service there; Tidegate never creates namespaces or frontends` },
    ];
  }
  const unsupported: [boolean, string][] = [
    [frontend.ports > 1 && config.service.port === '', `it has ${frontend.ports} ports, and spec.port names none`],
    [frontend.ports > 1, `it has ${frontend.ports} ports; several HTTP ports of one Service are not supported yet`],
    [frontend.sessionAffinity, 'session affinity (ClientIP) is not supported yet: a weighted split would break it'],
    [
      /^(grpc|kubernetes\.io\/h2c|tcp|tls|https)$/i.test(frontend.appProtocol),
      `appProtocol ${frontend.appProtocol} is not supported yet: only plain HTTP is`,
    ],
    [
      /^(grpc|tcp|tls|https|udp|sctp)(-|$)/i.test(frontend.portName),
      `port ${frontend.portName} is not plain HTTP by its name`,
    ],
    [Object.keys(frontend.selector).length === 0, 'it has no selector, so its pods are unknown'],
  ];
  const found = unsupported
    .filter(([is]) => is)
    .map(([, why]): Problem => ({
      code: 'Invalid',
      text: `${where}: ${why}`,
      fix: 'see README, "What it does not do yet"',
    }));
  return [...foreign, ...found.slice(0, 1)];
}
