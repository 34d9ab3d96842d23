import { describe, expect, it } from '@jest/globals';
import { matchesSelector, type LabelSelector } from '../../../core/kube/label-selector.ts';
import { labels } from '../../../core/kube/labels.ts';
import type { DisruptionBudget } from '../../../core/kube/objects.ts';
import { budgetName, budgetsOfOthers } from '../../../core/workload/budgets.ts';

const pod = { app: 'checkout', [labels.version]: 'v2' };

const budget = (name: string, selector?: LabelSelector | null, owner?: string): DisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name, ...(owner !== undefined && { labels: { [labels.owner]: owner } }) },
  spec: selector === undefined ? {} : { selector },
});

const others = (budgets: readonly DisruptionBudget[], pods: readonly Record<string, string>[] = [pod]): string[] =>
  budgetsOfOthers({ budgets, service: 'checkout', installation: 'test', pods }).map(({ metadata }) => metadata.name);

const expression = (operator: string, key: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values && { values }) }],
});

describe('a label selector', () => {
  it.each([
    ['matchLabels', { matchLabels: { app: 'checkout' } }, true],
    ['matchLabels of another', { matchLabels: { app: 'cart' } }, false],
    ['In', expression('In', 'app', ['checkout', 'cart']), true],
    ['In others', expression('In', 'app', ['cart']), false],
    ['In of a label that is absent', expression('In', 'tier', ['web']), false],
    ['NotIn', expression('NotIn', 'app', ['checkout']), false],
    ['NotIn of a label that is absent: it holds', expression('NotIn', 'tier', ['web']), true],
    ['Exists', expression('Exists', 'app'), true],
    ['Exists of a label that is absent', expression('Exists', 'tier'), false],
    ['DoesNotExist', expression('DoesNotExist', 'app'), false],
    ['DoesNotExist of a label that is absent', expression('DoesNotExist', 'tier'), true],
    ['both parts, of which one fails', { matchLabels: { app: 'checkout' }, ...expression('Exists', 'tier') }, false],
    ['an empty one: everything in policy/v1', {}, true],
    ['null: nothing', null, false],
    ['none: nothing', undefined, false],
    ['an operator that nobody knows: nothing', expression('Near', 'app', ['checkout']), false],
  ] as [string, LabelSelector | null | undefined, boolean][])('%s', (_, selector, matches) => {
    expect(matchesSelector(selector, pod)).toBe(matches);
  });
});

describe('a budget of the user', () => {
  it('by matchExpressions covers the pods as one by matchLabels does: a twin would block every eviction', () => {
    const byLabels = budget('plain', { matchLabels: { app: 'checkout' } });
    const byExpression = budget('set', expression('In', 'app', ['checkout', 'cart']));
    expect(others([byLabels, byExpression, budget('cart', expression('In', 'app', ['cart']))])).toEqual([
      'plain',
      'set',
    ]);
  });

  it('over the whole namespace counts, and one without a selector covers nobody', () => {
    expect(others([budget('all', {}), budget('none')])).toEqual(['all']);
  });

  it('over one version only counts too: its pods would have two', () => {
    const onlyV1 = budget('v1', { matchLabels: { [labels.version]: 'v1' } });
    expect(others([onlyV1])).toEqual([]);
    expect(others([onlyV1], [pod, { app: 'checkout', [labels.version]: 'v1' }])).toEqual(['v1']);
  });

  it('is told from ours by name and owner', () => {
    const selector = { matchLabels: { app: 'checkout' } };
    expect(others([budget(budgetName('checkout'), selector, 'test')])).toEqual([]);
    expect(others([budget(budgetName('checkout'), selector)])).toEqual(['tidegate-checkout']);
    expect(others([budget(budgetName('checkout'), selector, 'elsewhere')])).toEqual(['tidegate-checkout']);
  });
});
