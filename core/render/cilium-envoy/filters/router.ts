import { envoyTypes } from '../extensions.ts';

export const router = (): Record<string, unknown> => ({
  // The agent puts cilium.l7policy in front of the filter of exactly this name.
  name: 'envoy.filters.http.router',
  // No x-envoy-* headers on requests and responses.
  typed_config: { '@type': envoyTypes.router, suppress_envoy_headers: true },
});
