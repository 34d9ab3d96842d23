/** Pods behind a Service, as its EndpointSlices name them. Pure. */
import type { EndpointSlice } from './objects.ts';

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];

/** Pods that take new connections. Unset `ready` is unknown, which consumers take as ready (discovery/v1). */
export function readyPods(slices: readonly EndpointSlice[]): number {
  const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter((one) => one.conditions?.ready !== false);
  return new Set(ready.map(podOf)).size;
}

/** A dual-stack pod is in two slices with an address of each family: the target tells that it is one. */
function podOf({ targetRef, addresses }: Endpoint): string {
  const { uid = '', kind = 'Pod', namespace = '', name = '' } = targetRef ?? {};
  if (uid !== '') return `uid ${uid}`;
  return name === '' ? `address ${addresses[0] ?? ''}` : `${kind} ${namespace}/${name}`;
}
