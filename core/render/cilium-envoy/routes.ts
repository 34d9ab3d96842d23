/** The route configuration: the only resource that changes when weights do. */
import { VERSION_HEADER } from '../../routing/header-route.ts';
import type { L7Policy, Weight } from '../../routing/record.ts';
import { asideRoutes, cookieOf, type Aside } from './aside-routes.ts';
import { envoyTypes } from './extensions.ts';
import { routeLimits } from './route-limits.ts';

export interface Routed extends Aside {
  readonly weights: readonly Weight[];
  /** Of the version that the header route leads to, all of one version. Empty: there is no header route. */
  readonly byHeader: readonly Weight[];
}

export const routes = (routed: Routed, policy: L7Policy): Record<string, unknown> => ({
  '@type': envoyTypes.routes,
  name: ROUTES,
  virtual_hosts: [
    {
      name: 'all',
      domains: ['*'],
      // The first that matches: who names a version comes before testers, they before who is kept, and then everybody else.
      routes: [
        ...headerRoute(routed.byHeader, policy),
        ...asideRoutes(routed, policy),
        { match: { prefix: '/' }, route: split(routed.weights, policy, (name) => cookieOf(routed, name)) },
      ],
    },
  ],
});

function headerRoute(byHeader: readonly Weight[], policy: L7Policy): readonly unknown[] {
  const [first] = byHeader;
  if (first === undefined) return [];
  const headers = [{ name: VERSION_HEADER, string_match: { exact: first.version } }];
  return [{ match: { prefix: '/', headers }, route: split(byHeader, policy, () => ({})) }];
}

/** A subset with weight 0 keeps its cluster (pods known, membership counted) but is no target: nothing can pick it. */
const split = (
  weights: readonly Weight[],
  policy: L7Policy,
  answers: (name: string) => Record<string, unknown>,
): Record<string, unknown> => ({
  ...routeLimits(policy),
  weighted_clusters: {
    clusters: weights
      .filter(({ weight }) => weight > 0)
      .map(({ name, weight }) => ({ name, weight, ...answers(name) })),
  },
});

export const ROUTES = 'split';
