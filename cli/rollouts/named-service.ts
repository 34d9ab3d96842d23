/** Which service a command means: from the config when it is at hand, else from the options alone. */
import { refuse } from '../../core/values/error.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import type { Io } from '../io.ts';
import type { ServiceIdentity } from './rollout.ts';

export interface NamedService {
  readonly service: string;
  readonly mesh?: string;
  readonly namespace?: string;
}

export async function identityOfNamed(wanted: NamedService, io: Io): Promise<ServiceIdentity> {
  const { service, mesh, namespace } = wanted;
  if (mesh !== undefined && namespace !== undefined) return { mesh, namespace, service };
  const directory = io.env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    refuse(
      'Invalid',
      `the place of ${service} is not known`,
      'set TIDEGATE_CONFIG to the config directory, or give --mesh and --namespace',
    );
  }
  const config = await createConfigLoader({ directory }).load(wanted);
  return { mesh: config.mesh.name, namespace: config.service.namespace, service };
}
