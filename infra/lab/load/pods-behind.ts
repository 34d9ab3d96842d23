/** The ready pods behind a frontend Service, as an ingress proxy knows them that dials pods itself. */
import { createKubeClient, type KubeObject, type KubeTarget } from '../api/kube-client.ts';
import { startReflector } from '../pods/reflector.ts';
import { loopbackOf } from '../processes/slot.ts';
import type { Target } from './dialer.ts';

export interface PodsBehind {
  /** The next in turn; undefined while there is none. */
  next(): Target | undefined;
  stop(): void;
}

interface Slice extends KubeObject {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions?: { ready?: boolean } }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
}

export function podsBehind(
  target: KubeTarget,
  { namespace, service, speaks }: { readonly namespace: string } & Pick<Target, 'service' | 'speaks'>,
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
    () => (pods = slices.all().flatMap((slice) => readyIn(slice, { service, speaks }))),
  );
  return {
    next: () => pods[turn++ % Math.max(1, pods.length)],
    stop() {
      slices.stop();
      void client.close();
    },
  };
}

/** At the port whose name says what the clients speak. */
function readyIn({ endpoints = [], ports = [] }: Slice, to: Pick<Target, 'service' | 'speaks'>): Target[] {
  const port = ports.find(({ name }) => name === to.speaks)?.port;
  if (port === undefined) return [];
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
  return ready.flatMap(({ addresses }) => addresses.map((address) => ({ ...to, host: loopbackOf(address), port })));
}
