/** The routing record in a CiliumEnvoyConfig of ours. */
import { annotations } from '../kube/labels.ts';
import type { EnvoyConfig } from '../kube/objects.ts';
import { refuse } from '../values/error.ts';
import { cecName } from './names.ts';
import { parseRecord } from './parse-record.ts';
import type { RoutingRecord } from './record.ts';

/** Checked to be about this object; null: it holds none, an unfinished creation. */
export function recordIn(route: EnvoyConfig, cluster: string): RoutingRecord | null {
  const text = route.metadata.annotations?.[annotations.record];
  if (text === undefined) return null;
  const { name, namespace = '' } = route.metadata;
  const where = `${cluster}/${namespace}/CiliumEnvoyConfig/${name}`;
  const record = parseRecord(text, where);
  if (record.cluster === cluster && record.namespace === namespace && cecName(record.service) === name) return record;
  refuse(
    'Foreign',
    `${where}: holds the record of ${record.cluster}/${record.namespace}/${record.service}: it was copied`,
    'delete the copy; each cluster gets its own by tidegate adopt',
  );
}
