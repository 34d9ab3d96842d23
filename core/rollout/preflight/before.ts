/** What is wrong with the Jobs before the first share, as far as facts tell. */
import type { LoadedConfig } from '../../config/types.ts';
import { answersCalls, REMEDY } from '../../workload/before/desired-job.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import type { Problem } from './problem.ts';

/** Pods of a Job that carry the service's labels would be called by its clients. */
export function beforeProblems({ service }: LoadedConfig, facts: readonly ClusterFacts[]): Problem[] {
  return (service.before ?? []).flatMap(({ name, spec }) => {
    const where = facts.filter(
      ({ frontend }) => spec !== undefined && frontend !== null && answersCalls(spec, frontend.selector),
    );
    if (where.length === 0) return [];
    const clusters = where.map(({ cluster }) => cluster).join(', ');
    const text = `Job ${name}: its pods carry the labels by which ${service.name} finds its own (${clusters}): calls would go to them`;
    return [{ code: 'Invalid', text, fix: REMEDY } satisfies Problem];
  });
}
