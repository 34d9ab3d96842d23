/** Record → manifests that may be written: what cannot be read back, or what Cilium would drop, is refused here. */

import { annotations } from '../kube/labels.ts';
import type { Manifest } from '../kube/objects.ts';
import { withDigest } from '../kube/with-digest.ts';
import { cecName } from '../routing/names.ts';
import { parseRecord } from '../routing/parse-record.ts';
import type { RoutingRecord } from '../routing/record.ts';
import { canonicalJson } from '../values/canonical.ts';
import { refuse } from '../values/error.ts';
import { checkCec } from './cilium-envoy/check/check.ts';
import { desiredObjects } from './render.ts';

/** What to write. */
export interface DesiredRecord {
  readonly record: RoutingRecord;
  readonly redirect: boolean;
  /** Keep the routes and clusters of this record: requests that are under way still need them. Default: record. */
  readonly routesOf?: RoutingRecord;
  /** Write the route even if a Service cannot be written; the error comes afterwards. Default: Services first, or nothing. */
  readonly routeAnyway?: boolean;
}

/** All objects of the record, each one that Cilium would take as it is; throws `Invalid` with every problem. */
export function renderChecked({ record, redirect, routesOf }: DesiredRecord): Manifest[] {
  const where = `${record.cluster}/${record.namespace}/CiliumEnvoyConfig/${cecName(record.service)}`;
  const text = canonicalJson(record);
  // What cannot be read back must not be written.
  parseRecord(text, where);
  const objects = desiredObjects(routesOf ?? record, { redirect });
  const rendered =
    routesOf === undefined
      ? objects
      : objects.map((one) => (one.kind === 'CiliumEnvoyConfig' ? withRecord(one, text) : one));
  const problems = rendered.filter((one) => one.kind === 'CiliumEnvoyConfig').flatMap(checkCec);
  if (problems.length === 0) return rendered;
  const lines = problems.map(({ path, reason }) => `${path}: ${reason}`);
  refuse(
    'Invalid',
    `${where}: would be refused or dropped by Cilium, so it was not written: ${lines.join('; ')}`,
    'this is a fault of the renderer: report it with the record',
  );
}

const withRecord = (route: Manifest, text: string): Manifest =>
  withDigest({
    ...route,
    metadata: { ...route.metadata, annotations: { ...route.metadata.annotations, [annotations.record]: text } },
  });
