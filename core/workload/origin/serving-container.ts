/** Which of a pod's containers is the service. Pure. */
import type { Container } from '../../kube/objects.ts';

export interface Served {
  /** Name of the service. */
  readonly service: string;
  /** The frontend's, number or name. */
  readonly targetPort?: number | string | undefined;
}

/** The only one; else the one that the target port belongs to; else the one named as the service. undefined: several may be. */
export function servingContainer(
  containers: readonly Container[],
  { service, targetPort }: Served,
): Container | undefined {
  const serving = containers.filter(({ ports = [] }) =>
    ports.some((port) => targetPort !== undefined && [port.containerPort, port.name].includes(targetPort)),
  );
  const named = containers.filter((one) => one.name === service);
  return [containers, serving, named].find((some) => some.length === 1)?.[0];
}
