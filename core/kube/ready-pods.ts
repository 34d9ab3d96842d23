/** Pods behind a Service, as its EndpointSlices name them. Pure. */
import type { EndpointSlice } from './objects.ts';

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];

/**
 * Pods that take new connections. Unset `ready` is unknown, which consumers take as ready (discovery/v1). A dual-stack
 * pod is in a slice of each family: its target tells that it is one. Endpoints without a target are told apart by their
 * address, in the family that has most of them.
 */
export function readyPods(slices: readonly EndpointSlice[]): number {
  const ready = slices.flatMap(({ addressType = '', endpoints }) =>
    (endpoints ?? [])
      .filter((one) => one.conditions?.ready !== false)
      .map((one) => ({ target: targetOf(one), address: one.addresses[0] ?? '', addressType })),
  );
  const targets = new Set(ready.flatMap(({ target }) => (target === '' ? [] : [target])));
  const families = Map.groupBy(
    ready.filter(({ target }) => target === ''),
    ({ addressType }) => addressType,
  );
  const nameless = [...families.values()].map((some) => new Set(some.map(({ address }) => address)).size);
  return targets.size + Math.max(0, ...nameless);
}

function targetOf({ targetRef }: Endpoint): string {
  const { uid = '', kind = 'Pod', namespace = '', name = '' } = targetRef ?? {};
  if (uid !== '') return uid;
  return name === '' ? '' : `${kind} ${namespace}/${name}`;
}
