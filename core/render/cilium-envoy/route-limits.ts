/** How long a request may take on its route. */
import type { L7Policy } from '../../routing/record.ts';
import { protobufDuration } from '../../values/duration.ts';

/** Envoy takes the time of the route in the place of the listener's, which has none. */
export const routeLimits = ({ requestTimeoutMs, idleTimeoutMs }: L7Policy): Record<string, unknown> => ({
  timeout: protobufDuration(requestTimeoutMs),
  ...(idleTimeoutMs !== undefined && { idle_timeout: protobufDuration(idleTimeoutMs) }),
});
