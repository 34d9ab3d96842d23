/** Everything that can be known to be wrong before the first write, all of it at once. */
import { isWayBack } from '../change.ts';
import { adoptProblems } from './adopt.ts';
import { beforeProblems } from './before.ts';
import { callableFrom } from './serving-facts.ts';
import { backProblems, stateProblems, splitProblems } from './back.ts';
import { deployProblems, sourceProblems, editProblems } from './deploy.ts';
import { frontendAt, frontendProblems } from './frontend.ts';
import { identityProblems } from './identity.ts';
import { pauseProblems } from './paused.ts';
import type { Problem, Asked } from './problem.ts';
import { reachProblems } from './reach.ts';
import { secondServiceProblems } from './second-services.ts';
import { besideProblems, topologyProblems } from './topology.ts';
import { wantedTopology } from './wanted-topology.ts';

export function preflight(asked: Asked): Problem[] {
  const { facts, change, config } = asked;
  if (isWayBack(change.kind)) return [...backProblems(asked), ...besideProblems(asked)];
  const where = (cluster: string): string => `${cluster}/${config.service.namespace}/${config.service.name}`;
  const problems = facts.flatMap((one) => reachProblems(one, where(one.cluster), asked));
  if (problems.length > 0) return problems;
  const paused = facts.flatMap((one) => pauseProblems(one, config.service.name));
  if (paused.length > 0) return paused;
  const state = [...facts.flatMap((one) => stateProblems(one, where(one.cluster), asked)), ...splitProblems(asked)];
  const meeting = besideProblems(asked);
  if (state.length + meeting.length > 0) return [...state, ...meeting];
  return [
    ...sloProblems(asked),
    ...portProblems(asked),
    ...identityProblems(asked),
    ...secondServiceProblems(asked),
    ...facts.flatMap((one) => frontendProblems(one, frontendAt(where(one.cluster), asked))),
    ...changeProblems(asked),
  ];
}

/** A stub takes the remote pods by the port's name: client and serving cluster must call it the same. */
function portProblems(asked: Asked): Problem[] {
  const { config, facts, change } = asked;
  return facts.flatMap((client) => {
    const calls = change.kind === 'topology' ? wantedTopology(asked, client).shares : callableFrom(config, client);
    return facts.flatMap((serving) => {
      const [here, there] = [client.frontend, serving.frontend];
      const routed = (calls[serving.cluster] ?? 0) > 0;
      if (!routed || here === null || there === null || here.portName === there.portName) return [];
      const text = `port ${here.portName} of ${config.service.name} in ${client.cluster} is called ${there.portName} in ${serving.cluster}`;
      return [{ code: 'Invalid', text, fix: 'give the port one name in all clusters' } satisfies Problem];
    });
  });
}

function sloProblems({ config }: Asked): Problem[] {
  if (config.mesh.metrics === null) {
    return [
      {
        code: 'Invalid',
        text: `mesh ${config.mesh.name} names no metrics backend, so no SLO can be evaluated`,
        fix: 'set spec.metrics.prometheus.url in the Mesh document, or spec.metrics.otlp',
      },
    ];
  }
  if (config.service.slos.length === 0) {
    return [
      {
        code: 'Invalid',
        text: `service ${config.service.name} has no SLO`,
        fix: 'remove spec.slos: [] to get the defaults, or name one',
      },
    ];
  }
  return [];
}

function changeProblems({ config, facts, change }: Asked): Problem[] {
  switch (change.kind) {
    case 'adopt':
      return adoptProblems(config, facts, change.version);
    case 'deploy':
      return [
        ...deployProblems(config, facts, change),
        ...sourceProblems(config, facts),
        ...editProblems(config, facts, change.version),
        ...beforeProblems(config, facts),
      ];
    case 'topology':
      return topologyProblems({ config, facts, change });
    default:
      return [];
  }
}
