/**
 * dryRunWrites: the writes of a run in one cluster, by the very code that will make them, on a connection whose API server
 * checks them (schema, types, field owners, admission) and stores nothing.
 */
import type { DryRunWritesInput, DryRunWritesResult } from '../../core/contract/activities.ts';
import { kinds } from '../../core/kube/kinds.ts';
import { TidegateError, type FailureCode } from '../../core/values/error.ts';
import type { KubeDeps } from '../ports.ts';
import type { RecordAt } from '../record-store.ts';
import { tryBefore } from './before/run-before.ts';
import { writeRouting } from './apply-routing.ts';
import { pinFrontend } from './pins/frontend-pin.ts';
import { assertRoom } from './capacity/quota.ts';
import { writeVersion } from './prepare-version.ts';

/** Stays as it is until somebody acts; anything else may be over when the run writes. */
const lasting: readonly FailureCode[] = ['Invalid', 'Foreign', 'Forbidden', 'VersionExists'];

export async function dryRunWrites(
  { clusters, activity }: KubeDeps,
  input: DryRunWritesInput,
): Promise<DryRunWritesResult> {
  const { service, prepare, before, routing, pin } = input;
  const failures = (
    await Promise.all([
      failureOf(async (at) => prepare && assertRoom(at, await writeVersion(at, prepare), prepare.version)),
      failureOf(async (at) => before && tryBefore(at, before)),
      failureOf(async (at) => routing && writeRouting(at, { input: routing, activity })),
      failureOf(async (at) => pin !== undefined && pinFrontend(at, pin)),
    ])
  ).filter((one) => one !== null);
  const refused = failures.filter(isRefusal);
  return { refused: sentences(refused), untried: sentences(failures.filter((one) => !refused.includes(one))) };

  async function failureOf(write: (at: RecordAt) => Promise<unknown>): Promise<TidegateError | null> {
    try {
      await write({ cluster: await clusters.connect(input, { dryRun: true }), service });
      return null;
    } catch (error) {
      if (error instanceof TidegateError) return error;
      throw error;
    }
  }
}

/**
 * A webhook with side effects refuses every dry run, and may well take the write. A role of before may not list quotas, and
 * may well do all the rest.
 */
const isRefusal = ({ code, message }: TidegateError): boolean =>
  lasting.includes(code) &&
  !message.includes('does not support dry run') &&
  !(code === 'Forbidden' && quotaKinds.some((kind) => message.includes(`/${kind}/`)));

const quotaKinds: readonly string[] = [kinds.resourceQuota.kind, kinds.limitRange.kind];

const sentences = (errors: readonly TidegateError[]): string[] => [
  ...new Set(errors.map(({ message, fix }) => (fix === '' ? message : `${message} (${fix})`))),
];
