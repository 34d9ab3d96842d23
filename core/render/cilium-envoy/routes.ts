/** The route configuration: the only resource that changes when weights do. */
import { VERSION_HEADER } from '../../routing/header-route.ts';
import type { L7Policy, Weight } from '../../routing/record.ts';
import { protobufDuration } from '../../values/duration.ts';
import { envoyTypes } from './extensions.ts';

export interface Routed {
  readonly weights: readonly Weight[];
  /** Of the version that the header route leads to, all of one version. Empty: there is no header route. */
  readonly byHeader: readonly Weight[];
}

export const routes = ({ weights, byHeader }: Routed, policy: L7Policy): Record<string, unknown> => ({
  '@type': envoyTypes.routes,
  name: ROUTES,
  virtual_hosts: [
    {
      name: 'all',
      domains: ['*'],
      // The first that matches: who names the version comes before everybody else.
      routes: [...headerRoute(byHeader, policy), { match: { prefix: '/' }, route: split(weights, policy) }],
    },
  ],
});

function headerRoute(byHeader: readonly Weight[], policy: L7Policy): readonly unknown[] {
  const [first] = byHeader;
  if (first === undefined) return [];
  const headers = [{ name: VERSION_HEADER, string_match: { exact: first.version } }];
  return [{ match: { prefix: '/', headers }, route: split(byHeader, policy) }];
}

/** A subset with weight 0 keeps its cluster (pods known, membership counted) but is no target: nothing can pick it. */
const split = (weights: readonly Weight[], policy: L7Policy): Record<string, unknown> => ({
  timeout: protobufDuration(policy.requestTimeoutMs),
  weighted_clusters: {
    clusters: weights.filter(({ weight }) => weight > 0).map(({ name, weight }) => ({ name, weight })),
  },
});

export const ROUTES = 'split';
