/** One PodDisruptionBudget per service over all its versions: a budget per version would let both be drained at once. */
import { kinds } from '../../core/kube/kinds.ts';
import { labels } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { DisruptionBudget } from '../../core/kube/objects.ts';
import { isOwned } from '../../core/kube/ownership.ts';
import { withDigest } from '../../core/kube/with-digest.ts';
import { budgetName, budgetsOfOthers } from '../../core/workload/budgets.ts';
import { applyObject, removeObject } from '../../platform/kube/apply-objects.ts';
import type { RecordAt } from '../record-store.ts';

type Labels = Readonly<Record<string, string>>;

interface BudgetedPods {
  readonly selector: Labels;
  /** Labels of the service's pods, one entry per version that runs or is about to. */
  readonly labels: readonly Labels[];
}

/** Takes ours away where a budget of the user's covers some of the pods: two on one pod block every eviction. */
export async function ensureBudget(at: RecordAt, pods: BudgetedPods): Promise<readonly ObjectChange[]> {
  const { namespace, service, installation } = at.service;
  const name = budgetName(service);
  const all = await at.cluster.list<DisruptionBudget>(kinds.disruptionBudget, namespace);
  if (budgetsOfOthers({ budgets: all, service, installation, pods: pods.labels }).length > 0) return removeBudget(at);
  const live = all.find((one) => one.metadata.name === name) ?? null;
  const desired = withDigest({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {
      name,
      namespace,
      labels: { [labels.managedBy]: 'tidegate', [labels.owner]: installation, [labels.service]: service },
    },
    // One at a time, also for a service with one pod: a budget that allows none would block node upgrades.
    spec: { maxUnavailable: 1, selector: { matchLabels: pods.selector } },
  });
  return [(await applyObject(at.cluster, desired, { installation, live, compare: 'exact' })).change];
}

export async function removeBudget({ cluster, service }: RecordAt): Promise<readonly ObjectChange[]> {
  const { namespace, installation } = service;
  const at = { namespace, name: budgetName(service.service) };
  const live = await cluster.get<DisruptionBudget>(kinds.disruptionBudget, at);
  return live === null || !isOwned(live, installation) ? [] : [await removeObject(cluster, live, { installation })];
}
