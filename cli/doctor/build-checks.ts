/** Builds of the workers: is one current, does each still poll that a run needs, and which may go? */
import type { Client } from '@temporalio/client';
import {
  buildOf,
  POLLED_WITHIN_MS,
  STANDS_STILL_MS,
  unpolled,
  whyStuck,
  type OpenRun,
  type Workers,
} from '../../core/rollout/builds.ts';
import { buildText, startText, stuckFix, stuckText } from '../../core/view/stuck-text.ts';
import { readOpenRuns } from '../../platform/temporal/open-runs.ts';
import { readWorkers } from '../../platform/temporal/workers.ts';
import type { Check, Finding } from './check.ts';

interface BuildPort {
  readonly client: () => Promise<Client>;
  readonly installation: string;
  readonly now: () => number;
}

export const buildChecks = ({ client, installation, now }: BuildPort): readonly Check[] => [
  {
    description: 'every open rollout has workers of its build',
    severity: 'error',
    hint: 'Worker Deployments and open workflows must be readable in this namespace',
    retries: 1,
    look: async () => {
      const access = await client();
      const [workers, runs] = await Promise.all([
        readWorkers(access, installation),
        readOpenRuns(access, installation),
      ]);
      return { note: noteOf(workers, runs), findings: buildFindings({ workers, runs, nowMs: now() }) };
    },
  },
];

const noteOf = ({ builds, current }: Workers, runs: readonly OpenRun[]): string => {
  const open = `${String(runs.length)} open`;
  return builds.length === 0
    ? open
    : `${open}, ${current === '' ? 'no build is current' : `build ${current} is current`}`;
};

export interface BuildFacts {
  readonly workers: Workers;
  readonly runs: readonly OpenRun[];
  readonly nowMs: number;
}

export const buildFindings = (facts: BuildFacts): Finding[] => [
  ...currentFindings(facts),
  ...stuckFindings(facts),
  ...unversionedFindings(facts),
  ...drainedFindings(facts),
];

const polledBy = ({ workers: { pollers }, nowMs }: BuildFacts): ReadonlySet<string> =>
  new Set(pollers.filter(({ atMs }) => nowMs - atMs < POLLED_WITHIN_MS).map(({ build }) => build));

/** Without a current build, or without its workers, nothing new begins. Who has no build ids at all is seen to by the queues. */
function currentFindings(facts: BuildFacts): Finding[] {
  const { workers, nowMs } = facts;
  const { builds, current } = workers;
  if (current !== '') {
    const missing = unpolled(workers, current, { nowMs });
    if (missing.length === 0) return [];
    const text = `build ${current} is current, and none of its workers polls ${missing.join(', ')}: nothing new gets done`;
    return [{ severity: 'error', text, fix: `start one: ${startText(current)}; or: tidegate worker promote BUILD` }];
  }
  const named = builds.filter(({ id }) => polledBy(facts).has(id)).map(({ id }) => id);
  if (named.length === 0) return [];
  const others = polledBy(facts).has('') ? 'new runs go to workers without a build id' : 'no new run begins';
  const text = `workers of build ${named.join(', ')} poll, but no build is current: ${others}`;
  const severity = polledBy(facts).has('') ? 'warning' : 'error';
  return [{ severity, text, fix: `tidegate worker promote ${named.at(-1) ?? 'BUILD'}` }];
}

function stuckFindings({ workers, runs, nowMs }: BuildFacts): Finding[] {
  return runs.flatMap((run): Finding[] => {
    const stuck = whyStuck(run, workers, { nowMs, forMs: STANDS_STILL_MS });
    if (stuck === null) return [];
    return [{ severity: 'error', text: stuckText(stuck), fix: stuckFix(stuck, 'SERVICE') }];
  });
}

function unversionedFindings(facts: BuildFacts): Finding[] {
  const { current } = facts.workers;
  if (current === '' || !polledBy(facts).has('')) return [];
  const text = `workers without a build id poll beside ${buildText(current)}, and get nothing to do`;
  return [{ severity: 'warning', text, fix: 'end them, or start them with --build-id' }];
}

function drainedFindings(facts: BuildFacts): Finding[] {
  const { workers, runs } = facts;
  const needed = new Set(runs.map((run) => buildOf(run, workers)));
  return workers.builds
    .filter(({ id, status }) => status === 'drained' && !needed.has(id) && polledBy(facts).has(id))
    .map(({ id }) => ({
      severity: 'warning',
      text: `build ${id} is drained: no open run needs it, and its workers still poll`,
      fix: 'they can go (what is told of runs that have ended is told by the current build, too)',
    }));
}
