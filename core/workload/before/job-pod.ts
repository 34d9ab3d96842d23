/** Pods of Jobs that need no file: of an image, or in a copy of the version's own pod. */
import type { Container, PodTemplate } from '../../kube/objects.ts';
import { present, recordOf } from '../../values/json.ts';

type Command = readonly string[] | undefined;

export const imagePod = ({ name, image, command }: { name: string; image: string; command: Command }): PodTemplate =>
  podOf({ containers: [{ name, image, ...present({ command }) }] });

/**
 * The container of the service with its image, variables, volumes and service account, and the pod's init containers.
 * Without labels: no Service and no budget takes it for a pod of the version.
 */
export function versionPod(
  { spec }: PodTemplate,
  { service, command }: { readonly service: string; readonly command: Command },
): PodTemplate {
  const { containers, ...pod } = without(spec, ['topologySpreadConstraints', 'readinessGates', 'affinity']);
  const main = containers.find(({ name }) => name === service) ?? containers[0];
  // Where the version's pods may run, the Job's may, too; it need not keep away from them.
  const { nodeAffinity } = recordOf(recordOf(spec)['affinity']);
  const idle = ['ports', 'args', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'];
  const container: Container[] = main === undefined ? [] : [{ ...without(main, idle), ...present({ command }) }];
  return podOf({ ...pod, ...(nodeAffinity !== undefined && { affinity: { nodeAffinity } }), containers: container });
}

/** The pod of a Job ends. */
const podOf = (spec: PodTemplate['spec']): PodTemplate => ({ spec: { ...spec, ...{ restartPolicy: 'Never' } } });

const without = <T extends object>(object: T, names: readonly string[]): T =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name))) as T;
