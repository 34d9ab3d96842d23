/** The Worker Deployment of Temporal that the workers of an installation are, and the builds in it. */
import { refuse } from '../values/error.ts';
import { DEFAULT_INSTALLATION } from './installation.ts';

/** `tidegate` of the default one. Workers of all its queues are in it: a pinned run's activities follow the run. */
export const workerDeployment = (installation: string): string =>
  installation === DEFAULT_INSTALLATION ? 'tidegate' : `tidegate-${installation}`;

/** As a label of Kubernetes has it, since it names a Deployment and its pods there. */
const BUILD_ID = /^[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;

/** @throws TidegateError Invalid */
export function asBuildId(text: string): string {
  if (BUILD_ID.test(text)) return text;
  refuse(
    'Invalid',
    `${JSON.stringify(text.slice(0, 80))} is no build id`,
    'take letters, digits, ".", "_" and "-", 63 at most: the version of Tidegate, or the digest of its image and config',
  );
}
