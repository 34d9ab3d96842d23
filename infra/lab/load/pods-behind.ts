/** The ready pods behind a frontend Service, as an ingress proxy knows them that dials pods itself. */
import { createKubeClient, type KubeObject, type KubeTarget } from '../api/kube-client.ts';
import { startReflector } from '../pods/reflector.ts';
import { loopbackOf } from '../processes/slot.ts';
import type { Target } from './client.ts';

export interface PodsBehind {
  /** The next in turn; undefined while there is none. */
  next(): Target | undefined;
  stop(): void;
}

interface Slice extends KubeObject {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions?: { ready?: boolean } }[];
  readonly ports?: readonly { readonly port?: number }[];
}

export function podsBehind(
  target: KubeTarget,
  { namespace, service }: { readonly namespace: string; readonly service: string },
): PodsBehind {
  const client = createKubeClient(target);
  let pods: Target[] = [];
  let turn = 0;
  const slices = startReflector<Slice>(
    client,
    {
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      query: `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${service}`)}`,
    },
    () => (pods = slices.all().flatMap((slice) => readyIn(slice, service))),
  );
  return {
    next: () => pods[turn++ % Math.max(1, pods.length)],
    stop() {
      slices.stop();
      void client.close();
    },
  };
}

function readyIn({ endpoints = [], ports = [] }: Slice, service: string): Target[] {
  const port = ports[0]?.port;
  if (port === undefined) return [];
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
  return ready.flatMap(({ addresses }) => addresses.map((address) => ({ service, host: loopbackOf(address), port })));
}
