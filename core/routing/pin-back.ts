/** The way back of callers past Envoy: to what the record says they get, from what a run has let them try. */
import { pinOf } from './changes.ts';
import type { RoutingRecord } from './record.ts';

/**
 * The version that the frontend in the record's own cluster is to be pinned to; '' = it stays as it is. A pin to a version
 * that the record does not know is somebody's own, and not for a way back to change.
 */
export function pinBack(record: RoutingRecord, pinned: string): string {
  const pin = pinOf(record);
  const known = record.versions.current?.[record.cluster] ?? {};
  return pinned !== pin && Object.hasOwn(known, pinned) ? pin : '';
}
