/** Clusters that did not answer in the last run, as the records of the others name them. */
import type { Absence, RoutingRecord } from './record.ts';

/** undefined: who writes does not know (an older workflow), and the record keeps what it says. The own name is never in it. */
export function withAbsent(
  record: RoutingRecord,
  absent: Readonly<Record<string, Absence>> | undefined,
): RoutingRecord {
  if (absent === undefined) return record;
  const { absent: _, ...rest } = record;
  const others = Object.entries(absent).filter(([name]) => name !== record.cluster);
  return others.length === 0 ? rest : { ...rest, absent: Object.fromEntries(others) };
}

/** Without the word about one cluster, if it is still the word of that time. Its epoch stays: no run is fenced out by it. */
export function withoutAbsence(record: RoutingRecord, name: string, atMs: number): RoutingRecord {
  const { [name]: word, ...absent } = record.absent ?? {};
  return word?.atMs === atMs ? withAbsent(record, absent) : record;
}
