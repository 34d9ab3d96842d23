/** The commit: what is current becomes what is proven, in one part of a record. */
import { present } from '../values/json.ts';
import { type Shares, positiveShares } from '../values/share.ts';
import { assertEpoch, takenBy, type Writer } from './changes.ts';
import type { Part } from './part.ts';
import type { Drained, RoutingRecord } from './record.ts';
import { withRunRoutes } from './run-routes.ts';
import { sameTraffic, mainVersion } from './weights.ts';

interface Committing {
  readonly serving: readonly string[];
  readonly pin?: string;
  readonly part?: Part;
  /** Of a topology: what the record remembers of drained clusters. null: nothing. Absent: what it did, as for an older workflow. */
  readonly drained?: Drained | null;
}

/** proven := current of one part; of versions in the serving clusters, where `previous` is what was proven before, and stays when nothing changes. */
export function committed(
  record: RoutingRecord,
  { serving, pin, part, drained, ...writer }: Writer & Committing,
): RoutingRecord {
  assertEpoch(record, part ?? 'versions', writer);
  if (part === 'topology') return topologyProven(record, writer, drained);
  const versions = withRunRoutes(takenBy(record.versions, writer));
  const current = versions.current ?? {};
  const proven: Record<string, Shares> = { ...versions.proven };
  const previous: Record<string, string> = { ...versions.previous };
  const commits: Record<string, number> = { ...versions.commits };
  for (const name of serving.filter((one) => Object.hasOwn(current, one))) {
    const shares = positiveShares(current[name]);
    const old = versions.proven?.[name];
    if (old !== undefined && !sameTraffic({ [name]: old }, { [name]: shares })) previous[name] = mainVersion(old);
    proven[name] = shares;
    // The run's own number: a record's epoch may be higher in one cluster than in another.
    commits[name] = writer.epoch;
  }
  return {
    ...record,
    ...(pin !== undefined && pin !== '' && { pin }),
    versions: {
      ...versions,
      proven: Object.keys(proven).length === 0 ? null : proven,
      previous,
      ...(Object.keys(commits).length > 0 && { commits }),
      closed: true,
    },
  };
}

/** proven := current of the topology. Clusters that are no longer called stay at 0 until they have drained. */
function topologyProven(record: RoutingRecord, writer: Writer, drained: Committing['drained']): RoutingRecord {
  const { drained: before, ...topology } = takenBy(record.topology, writer);
  const { current } = topology;
  const proven = current === null ? null : positiveShares(current);
  const remembered = drained === undefined ? before : (drained ?? undefined);
  return { ...record, topology: { ...topology, proven, closed: true, ...present({ drained: remembered }) } };
}
