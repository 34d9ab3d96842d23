/** Pauses refuse what goes forward. Ways back pass them over: who paused a service may still want out. */
import type { ClusterFacts } from '../../workload/facts.ts';
import { pauseText, unpauseHint } from '../../workload/frontend/pauses.ts';
import type { Problem } from './problem.ts';

export const pauseProblems = ({ cluster, pauses = [] }: ClusterFacts, service: string): Problem[] =>
  pauses.map((pause) => ({
    code: 'Conflict',
    text: `${cluster}: ${pause.of === 'service' ? service : 'the cluster'} is ${pauseText(pause)}`,
    fix: `wait, or: ${unpauseHint(pause, { service, cluster })}`,
  }));
