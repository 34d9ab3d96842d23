/** The part of the scheduler that says no: a pod that a fault keeps from every node waits, and says why. */
import type { KubeClient } from '../api/kube-client.ts';
import type { FaultBook } from './faults.ts';
import { isTerminating, type Pod } from './objects.ts';
import { identityOf } from './pod-description.ts';
import type { Reflector } from './reflector.ts';
import { podPath } from './replicaset-controller.ts';

interface Scheduling {
  readonly client: KubeClient;
  readonly pods: Reflector<Pod>;
  readonly faults: FaultBook;
  readonly cluster: string;
  readonly nodes: readonly string[];
}

/** Nodes that would take such a pod. */
export const nodesFor = (
  pod: Pick<Pod, 'metadata' | 'spec'>,
  { faults, cluster, nodes }: Pick<Scheduling, 'faults' | 'cluster' | 'nodes'>,
): readonly string[] => (faults.of({ ...identityOf(pod), cluster }).noNode ? [] : nodes);

/** Pods that were made without a node: placed once one takes them, told until then. */
export async function schedulePods(scheduling: Scheduling): Promise<void> {
  const { pods, client } = scheduling;
  for (const pod of pods.all().filter((one) => !one.spec.nodeName && !isTerminating(one))) {
    const [node] = nodesFor(pod, scheduling);
    if (node !== undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      await client.create(`${podPath(pod)}/binding`, {
        ...{ apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name }, target },
      });
    } else if (!(pod.status?.conditions ?? []).some(({ type }) => type === 'PodScheduled')) {
      const count = String(scheduling.nodes.length);
      const condition = {
        ...{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
        message: `0/${count} nodes are available: ${count} node(s) didn't match pod anti-affinity rules.`,
        lastTransitionTime: new Date().toISOString(),
      };
      const status = { phase: 'Pending', conditions: [condition] };
      pods.put(await client.merge<Pod>(`${podPath(pod)}/status`, { status }));
    }
  }
}
