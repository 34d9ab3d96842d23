/** A proven version was made in the cluster that serves it. A record that names another one there was edited by hand. */
import type { Deployment, EnvoyConfig } from '../kube/objects.ts';
import { pinOf } from '../routing/changes.ts';
import { recordIn } from '../routing/found-record.ts';
import type { RoutingRecord } from '../routing/record.ts';
import { TidegateError, refuse } from '../values/error.ts';
import { distinct, positiveNames } from '../values/share.ts';
import { selects } from './cluster-facts.ts';
import { versionOf } from './managed.ts';

/** Versions that the record leads its own cluster's callers to, without a build of them: one must run there. */
export function unbuilt(record: RoutingRecord): string[] {
  const pin = pinOf(record);
  const named = distinct([...positiveNames(record.versions.proven?.[record.cluster]), ...(pin === '' ? [] : [pin])]);
  return named.filter((version) => record.builds?.[version] === undefined);
}

/** Refuses a record whose proven version, or pin, is known of nowhere in its cluster: what goes back there meets nobody. */
export function assertMade(record: RoutingRecord, running: readonly string[]): void {
  const unknown = unbuilt(record).filter((version) => !running.includes(version));
  if (unknown.length === 0) return;
  const { cluster, namespace, service } = record;
  refuse(
    'Invalid',
    `${cluster}/${namespace}/CiliumEnvoyConfig/tidegate-${service}: the record calls ${unknown.join(', ')} proven, or pins it, in ${cluster}, but no build of it is recorded and no Deployment of it is there`,
    `undo the edit of the annotation tidegate.dev/record; or bring the Deployment of ${unknown.join(', ')} back`,
  );
}

/** Versions of the Deployments that the service's callers could get. */
export const versionsOf = ({ frontend }: RoutingRecord, deployments: readonly Deployment[]): string[] =>
  deployments.filter(({ spec }) => selects(frontend.selector, spec.template.metadata?.labels)).map(versionOf);

export interface FoundOrBroken {
  readonly record: RoutingRecord | null;
  /** Why the record cannot be used; '' = it can, or there is none. */
  readonly broken: string;
}

/** A record that somebody has broken by hand is a fact about the cluster. */
export function usableRecord(
  route: EnvoyConfig,
  { cluster, deployments }: { readonly cluster: string; readonly deployments: readonly Deployment[] },
): FoundOrBroken {
  try {
    const record = recordIn(route, cluster);
    if (record !== null) assertMade(record, versionsOf(record, deployments));
    return { record, broken: '' };
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return { record: null, broken: error.message };
  }
}
