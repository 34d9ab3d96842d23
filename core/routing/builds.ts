/** What a version's name stands for in a cluster: one pod template, for ever. */
import { TidegateError } from '../values/error.ts';
import type { Build, RoutingRecord } from './record.ts';

/** Builds that a record remembers; the oldest go first. */
const BUILDS = 100;

/** The version's name stands for this template in the record's own cluster, from now on. */
export function withBuild(
  record: RoutingRecord,
  { version, ...build }: Build & { readonly version: string },
): RoutingRecord {
  const found = record.builds?.[version];
  if (found !== undefined && found.digest !== build.digest) throw otherBuild(record, version);
  if (found !== undefined) return record;
  const kept = Object.entries(record.builds ?? {})
    .toSorted(([, a], [, b]) => b.atMs - a.atMs)
    .slice(0, BUILDS - 1);
  return { ...record, builds: Object.fromEntries([...kept, [version, build]]) };
}

export const otherBuild = ({ cluster, namespace, service }: RoutingRecord, version: string): TidegateError =>
  new TidegateError(
    'VersionExists',
    `${cluster}/${namespace}/${service}: ${version} was another pod template here before: a version name stands for one build for ever`,
    { fix: 'use another version name' },
  );
