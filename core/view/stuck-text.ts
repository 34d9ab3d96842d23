/** A run that stands still, in words. */
import type { StuckRun } from '../rollout/builds.ts';
import { instantText } from '../values/instant.ts';

/** As a person reads it: `build 0.2.0`. */
export const buildText = (build: string): string => (build === '' ? 'workers without a build id' : `build ${build}`);

/** How its workers are started. */
export const startText = (build: string): string =>
  build === '' ? 'tidegate worker' : `tidegate worker --build-id ${build}`;

export function stuckText({ workflowId, build, because, sinceMs, detail }: StuckRun): string {
  const since = sinceMs === null ? '' : ` since ${instantText(sinceMs)}`;
  return `${workflowId} stands still${since}: ${why[because](build, detail)}`;
}

const why: Readonly<Record<StuckRun['because'], (build: string, detail: string) => string>> = {
  noWorker: (build, queues) =>
    `it needs ${build === '' ? buildText('') : `workers of ${buildText(build)}`}, and none polls ${queues}`,
  failing: (build, error) => {
    const [line = ''] = error.split('\n');
    return `its workflow task fails in ${buildText(build)}${line === '' ? '' : `: ${line}`}`;
  },
  waiting: (build) => `nobody takes its workflow task (${buildText(build)})`,
};

/** What a person does about it. `named`: the service, with the part where it is not the versions. */
export const stuckFix = ({ build, because }: StuckRun, named: string): string => {
  const start = because === 'failing' ? '' : `start its workers: ${startText(build)}; or `;
  return `${start}let another build go on: tidegate rollout move ${named} --build-id BUILD; or end it, and have its traffic put back: tidegate rollout settle ${named}`;
};
