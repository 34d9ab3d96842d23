/** Clusters that did not answer in the last run, as the records of the others name them. */
import type { Part } from './part.ts';
import type { Absence, RoutingRecord } from './record.ts';

/**
 * undefined: who writes does not know (an older workflow), and the record keeps what it says. The own name is never in it.
 * A run of the versions says who is absent; one of another part knows only whom it missed itself, and adds that.
 */
export function withAbsent(
  record: RoutingRecord,
  absent: Readonly<Record<string, Absence>> | undefined,
  part: Part = 'versions',
): RoutingRecord {
  if (absent === undefined) return record;
  const { absent: before, ...rest } = record;
  const all = part === 'versions' ? absent : { ...before, ...absent };
  const others = Object.entries(all).filter(([name]) => name !== record.cluster);
  return others.length === 0 ? rest : { ...rest, absent: Object.fromEntries(others) };
}

/** Without the word about one cluster, if it is still the word of that time. Its epoch stays: no run is fenced out by it. */
export function withoutAbsence(record: RoutingRecord, name: string, atMs: number): RoutingRecord {
  const { [name]: word, ...absent } = record.absent ?? {};
  return word?.atMs === atMs ? withAbsent(record, absent) : record;
}
