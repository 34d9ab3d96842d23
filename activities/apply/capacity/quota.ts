/** Asks the quotas of a namespace before the first pod: Kubernetes counts pods only when they are made. */
import { kinds } from '../../../core/kube/kinds.ts';
import type { LimitRange, ResourceQuota } from '../../../core/kube/objects.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { quotaFaults } from '../../../core/workload/capacity/quota.ts';
import type { RecordAt } from '../../record-store.ts';
import type { WrittenVersion } from '../prepare-version.ts';

/** What somebody else makes is theirs to find room for. */
export async function assertRoom(
  { cluster, service: { namespace, service } }: RecordAt,
  { asks }: Pick<WrittenVersion, 'asks'>,
  version: string,
): Promise<void> {
  if (asks === null) return;
  const [quotas, limitRanges] = await Promise.all([
    cluster.list<ResourceQuota>(kinds.resourceQuota, namespace),
    cluster.list<LimitRange>(kinds.limitRange, namespace),
  ]);
  const faults = quotaFaults(asks, { quotas, limitRanges });
  if (faults.length === 0) return;
  const where = `${cluster.name}/${namespace}`;
  throw new TidegateError(
    'Invalid',
    `${where}: not every pod of ${service} ${version} would be made: ${faults.map((one) => `${where}/${one}`).join('; ')}`,
    {
      fix: 'raise the quota, or let the version ask for less (spec.template): at its last share it has the pods of the version that it replaces, beside them',
    },
  );
}
