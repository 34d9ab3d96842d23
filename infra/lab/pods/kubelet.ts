import type { KubeClient } from '../api/kube-client.ts';
import { podAddress } from '../processes/slot.ts';
import type { HostedCluster } from './cluster-host.ts';
import type { FaultBook } from './faults.ts';
import type { Pod } from './objects.ts';
import { PodRunner } from './pod-runner.ts';

/** Last octets of pod addresses. */
const firstHost = 10;
const lastHost = 240;

/** Runs the pods of all nodes of a cluster. */
export interface Kubelet {
  tick(pods: readonly Pod[]): void;
  stop(): void;
}

export function createKubelet(
  cluster: HostedCluster,
  client: KubeClient,
  put: (pod: Pod) => void,
  options: { faults: FaultBook; metricsUrl: string; metricsIntervalMs: number },
): Kubelet {
  const runners = new Map<string, PodRunner>();
  const allocate = createAddresses(cluster.network);

  function start(pod: Pod): PodRunner | undefined {
    const index = cluster.nodes.findIndex(({ name }) => name === pod.spec.nodeName);
    const node = cluster.nodes[index];
    if (!node) return undefined;
    const uid = pod.metadata.uid ?? '';
    return new PodRunner(pod, {
      client,
      cluster,
      zone: node.zone,
      address: allocate(index + 1, new Set([...runners.values()].map(({ address }) => address))),
      ...options,
      onStatus: put,
      onGone: () => runners.delete(uid),
    });
  }

  return {
    tick(pods) {
      const alive = new Set(pods.map((pod) => pod.metadata.uid ?? ''));
      for (const [uid, runner] of runners) {
        if (alive.has(uid)) continue;
        runner.kill();
        runners.delete(uid);
      }
      for (const pod of pods) {
        const uid = pod.metadata.uid ?? '';
        const runner = runners.get(uid) ?? start(pod);
        if (!runner) continue;
        runners.set(uid, runner);
        runner.tick(pod);
      }
    },
    stop() {
      for (const runner of runners.values()) runner.kill();
    },
  };
}

/** Addresses of a node in turn, so that a fresh pod does not get one that somebody may still call. */
function createAddresses(network: number): (node: number, taken: ReadonlySet<string>) => string {
  const next = new Map<number, number>();
  return (node, taken) => {
    let host = next.get(node) ?? firstHost;
    while (taken.has(podAddress(network, node, host))) host = host >= lastHost ? firstHost : host + 1;
    next.set(node, host >= lastHost ? firstHost : host + 1);
    return podAddress(network, node, host);
  };
}
