/** Has what the pods of a version read changed since it was made? Asked for plans and doctor; no answer holds anything up. */
import type { Deployment } from '../../core/kube/objects.ts';
import { TidegateError } from '../../core/values/error.ts';
import {
  configChanges,
  configRecordOf,
  originalNames,
  UNKNOWN,
  type ConfigChange,
} from '../../core/workload/pod-config/config-record.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import { stateIn } from './version-config.ts';

/** By the name of the Deployment; those without a change are left out. One read per object, whoever shares it. */
export async function readConfigChanges(
  cluster: KubeCluster,
  namespace: string,
  versions: readonly Deployment[],
): Promise<Readonly<Record<string, readonly ConfigChange[]>>> {
  const recorded = versions.flatMap((one) => {
    const record = configRecordOf(one);
    return record === null ? [] : [{ name: one.metadata.name, record }];
  });
  const keys = recorded.flatMap(({ record }) => [...Object.keys(record.shared), ...Object.keys(originalNames(record))]);
  const states = await Promise.all(
    [...new Set(keys)].map(async (key) => [key, await stateOrUnknown(cluster, namespace, key)] as const),
  );
  const now = Object.fromEntries(states);
  return Object.fromEntries(
    recorded
      .map(({ name, record }) => [name, configChanges(record, now)] as const)
      .filter(([, changes]) => changes.length > 0),
  );
}

async function stateOrUnknown(cluster: KubeCluster, namespace: string, key: string): Promise<string> {
  const [kind, name = ''] = key.split('/');
  try {
    return await stateIn(cluster, namespace, { kind: kind === 'Secret' ? 'Secret' : 'ConfigMap', name });
  } catch (error) {
    // The ways back read the same facts: they need no config.
    if (error instanceof TidegateError) return UNKNOWN;
    throw error;
  }
}
