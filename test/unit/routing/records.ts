/** Records for tests: one plain sample, and arbitrary ones. */
import * as fc from 'fast-check';
import type { ApplyRoutingInput, Writer } from '../../../core/routing/changes.ts';
import { inNormalForm } from '../../../core/routing/normal-form.ts';
import type { RoutingRecord, VersionShares } from '../../../core/routing/record.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { apportion, type Shares, WHOLE } from '../../../core/values/share.ts';

const policy = { requestTimeoutMs: 0, upstreamIdleMs: 4_000, connectTimeoutMs: 5_000 };

export interface RecordInput {
  readonly topology: Shares;
  readonly current: VersionShares;
  readonly proven?: VersionShares | null;
}

export const recordOf = ({ topology, current, proven = current }: RecordInput): RoutingRecord => ({
  schema: 1,
  installation: 'main',
  mesh: 'shop',
  namespace: 'shop',
  service: 'checkout',
  cluster: 'aws-us-east-1',
  frontend: { portName: 'http', port: 8080, targetPort: 'web', selector: { app: 'checkout', tier: 'front' } },
  topology: { proven: topology, current: topology, epoch: 1, run: 'run-0' },
  versions: { proven, current, epoch: 2, run: 'run-1', previous: {} },
  policy: { proven: policy, current: policy, epoch: 1, run: 'run-0' },
});

export const canary = recordOf({
  topology: { 'aws-us-east-1': 700_000, 'gcp-europe-west1': 300_000 },
  current: { 'aws-us-east-1': { v1: 950_000, v2: 50_000 }, 'gcp-europe-west1': { v1: WHOLE } },
  proven: { 'aws-us-east-1': { v1: WHOLE }, 'gcp-europe-west1': { v1: WHOLE } },
});

/** Shares of 2 500 ppm or more, so that no product of two rounds to 0; zeros among them. */
const sharesOver = (names: readonly string[]): fc.Arbitrary<Shares> =>
  fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: names.length }),
      fc.array(fc.nat(100), { minLength: names.length, maxLength: names.length }),
    )
    .map(([picked, sizes]) => {
      const parts = picked.map((name, index): [string, number] => [name, sizes[index] ?? 0]);
      if (parts.every(([, size]) => size === 0)) parts.splice(0, 1, [parts[0]?.[0] ?? '', 1]);
      return apportion(Object.fromEntries(parts), WHOLE);
    });

const clusters = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1', '7'];
const versions = ['v1', 'v2', '2026.11.23-1', '3', 'V2'];

const everywhere = (): fc.Arbitrary<VersionShares> =>
  fc
    .tuple(...clusters.map(() => sharesOver(versions)))
    .map((shares) => Object.fromEntries(clusters.map((cluster, index) => [cluster, shares[index] ?? {}])));

export const arbitraryVersions = everywhere();

export const arbitraryRecord: fc.Arbitrary<RoutingRecord> = fc
  .record({ topology: sharesOver(clusters), current: everywhere(), proven: fc.option(everywhere(), { nil: null }) })
  .map((input) => inNormalForm(recordOf(input)));

/** The same value with the keys of every object in the opposite order. */
export const withKeysReversed = <T>(value: T): T => {
  if (Array.isArray(value)) return value.map((item: unknown) => withKeysReversed(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]): [string, unknown] => [
    key,
    withKeysReversed(field as unknown),
  ]);
  return Object.fromEntries(entries.reverse()) as T;
};

/** Nothing in it can be written any more, so a change that writes to its input throws. */
export const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
};

export const initial = {
  frontend: { portName: 'grpc', port: 9_000, targetPort: 9_001, selector: { app: 'checkout' } },
  topology: apportion({ 'aws-us-east-1': 1, 'gcp-europe-west1': 1, 'onprem-fra1': 1, '7': 1 }, WHOLE),
  policy: { requestTimeoutMs: 1, upstreamIdleMs: 2, connectTimeoutMs: 3 },
};

export const inputOf = (
  shares: VersionShares,
  by: Writer,
  more: Partial<ApplyRoutingInput & { versions: VersionShares }> = {},
): ApplyRoutingInput =>
  frozen({
    service: { installation: 'main', mesh: 'shop', namespace: 'shop', service: 'checkout' },
    cluster: { name: 'aws-us-east-1', access: { kind: 'kubeconfig', path: '/kube/config' } },
    versions: shares,
    ...by,
    ...more,
  });

/** The run that may write to the record. */
export const ownerOf = ({ versions: { epoch, run } }: RoutingRecord): Writer => ({ epoch, run });

export const refusalOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof TidegateError) return `${error.code}: ${error.message} (${error.fix})`;
    throw error;
  }
  return 'accepted';
};

export const codeOf = (action: () => unknown): string => refusalOf(action).split(':')[0] ?? '';
