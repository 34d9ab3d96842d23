/** The route configuration: the only resource that changes when weights do. */
import type { L7Policy, Weight } from '../../routing/record.ts';
import { protobufDuration } from '../../values/duration.ts';
import { envoyTypes } from './extensions.ts';

/** A subset with weight 0 keeps its cluster (pods known, membership counted) but is no target: nothing can pick it. */
export const routes = (weights: readonly Weight[], policy: L7Policy): Record<string, unknown> => ({
  '@type': envoyTypes.routes,
  name: ROUTES,
  virtual_hosts: [
    {
      name: 'all',
      domains: ['*'],
      routes: [
        {
          match: { prefix: '/' },
          route: {
            timeout: protobufDuration(policy.requestTimeoutMs),
            weighted_clusters: {
              clusters: weights.filter(({ weight }) => weight > 0).map(({ name, weight }) => ({ name, weight })),
            },
          },
        },
      ],
    },
  ],
});

export const ROUTES = 'split';
