/** An installation of Tidegate: the meshes that name it, its workers, their queues and the ids of their workflows. */
import { meshDefaults } from '../config/defaults.ts';
import { refuse } from '../values/error.ts';

export const DEFAULT_INSTALLATION = meshDefaults.installation;

/**
 * How ids are written. A name: that installation's. null: as release 0.1.0 did, without an installation and with slashes;
 * runs that began before installations keep them. To be removed a release later.
 */
export type IdScheme = string | null;

/** Those under which a lock of this installation may be held: the default one has taken over what 0.1.0 has begun. */
export const idSchemes = (installation: string): readonly IdScheme[] =>
  installation === DEFAULT_INSTALLATION ? [installation, null] : [installation];

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** From the environment of a worker or a command. @throws TidegateError Invalid */
export function installationIn(env: Readonly<Record<string, string | undefined>>): string {
  const name = env['TIDEGATE_INSTALLATION'] ?? '';
  if (name === '') return DEFAULT_INSTALLATION;
  if (label.test(name)) return name;
  refuse(
    'Invalid',
    `TIDEGATE_INSTALLATION: ${JSON.stringify(name.slice(0, 60))} is no name of an installation`,
    'take the one that the Mesh documents name (spec.installation), for workers and commands alike',
  );
}
