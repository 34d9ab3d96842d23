/** Whose PodDisruptionBudget keeps the pods of a service. Pure. */
import { matchesSelector } from '../kube/label-selector.ts';
import type { DisruptionBudget } from '../kube/objects.ts';
import { isOwned } from '../kube/ownership.ts';

type Labels = Readonly<Record<string, string>>;

/** The one budget of a service, over all its versions. */
export const budgetName = (service: string): string => `tidegate-${service}`;

export interface BudgetQuestion {
  readonly budgets: readonly DisruptionBudget[];
  readonly service: string;
  readonly installation: string;
  /** Labels of the service's pods, one entry per version that runs or is about to. */
  readonly pods: readonly Labels[];
}

/**
 * Budgets of others over any of these pods. Kubernetes evicts no pod that two budgets select, so one of them is reason
 * enough for none of ours.
 */
export function budgetsOfOthers({ budgets, service, installation, pods }: BudgetQuestion): readonly DisruptionBudget[] {
  const isOurs = (one: DisruptionBudget): boolean =>
    one.metadata.name === budgetName(service) && isOwned(one, installation);
  return budgets.filter((one) => !isOurs(one) && pods.some((labels) => matchesSelector(one.spec?.selector, labels)));
}
