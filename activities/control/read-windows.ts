/** readWindows: freeze windows of the mesh and the service, by this worker's config, as instants. */
import type { ReadWindowsInput } from '../../core/contract/leave-activities.ts';
import type { ReachableConfig } from '../../core/config/types.ts';
import { closedTimes } from '../../core/config/windows/closed-times.ts';
import type { WindowsRead } from '../../core/rollout/windows.ts';

interface Ports {
  readonly load: (input: { mesh: string; namespace: string; service: string }) => Promise<ReachableConfig>;
  readonly nowMs: () => number;
}

export async function readWindows({ load, nowMs }: Ports, { service }: ReadWindowsInput): Promise<WindowsRead> {
  const config = await load({ mesh: service.mesh, namespace: service.namespace, service: service.service });
  const lists = [
    { of: `mesh ${config.mesh.name}`, windows: config.mesh.windows ?? [] },
    { of: `service ${service.namespace}/${service.service}`, windows: config.service.windows ?? [] },
  ];
  return closedTimes(lists, nowMs());
}
