/** The HTTP filters of the listener, in the order in which a request passes them. */
import type { RoutingRecord } from '../../../routing/record.ts';
import { grpcStats } from './grpc-stats.ts';
import { router } from './router.ts';

/** One file each; undefined: the service does without it. */
export type HttpFilter = (record: RoutingRecord) => Record<string, unknown> | undefined;

/** The router ends the chain. */
const inOrder = [grpcStats, router] as const satisfies readonly HttpFilter[];

export const httpFiltersOf = (record: RoutingRecord): readonly Record<string, unknown>[] =>
  inOrder.map((filter: HttpFilter) => filter(record)).filter((one) => one !== undefined);
