/** A hub cluster: its objects are config, and their status says what has become of them. */
import { kindsOfConfig } from '../../../core/config/crds/crds.ts';
import { type HubObject, hubObject } from '../../../core/config/hub/object.ts';
import { isSameStatus, type HubStatus } from '../../../core/config/hub/status.ts';
import { API_VERSION } from '../../../core/config/mesh-schema.ts';
import type { ClusterAccess } from '../../../core/kube/cluster-access.ts';
import { refuse, TidegateError } from '../../../core/values/error.ts';
import { createClusters } from '../../kube/clusters.ts';

export interface Hub {
  /** Of all kinds, sorted by place. Throws where it cannot be asked, or has no such kinds. */
  list(): Promise<readonly HubObject[]>;
  /** Writes what `next` makes of the status as it is; nothing where that is the same, or the object is gone. */
  writeStatus(object: HubName, next: NextStatus): Promise<'configured' | 'unchanged' | 'gone'>;
  close(): Promise<void>;
}

/** @param generation of the spec beside the status */
type NextStatus = (before: HubStatus, generation: number) => HubStatus;

export type HubName = Pick<HubObject, 'kind' | 'namespace' | 'name'>;

/** Others write the same status now and then. */
const ATTEMPTS = 5;

export function createHub(access: ClusterAccess): Hub {
  const clusters = createClusters();
  const hub = clusters.connect({ name: 'hub', access });
  const typeOf = (kind: string) => ({ apiVersion: API_VERSION, kind });

  const attempt: Hub['writeStatus'] = async ({ kind, namespace, name }, next) => {
    const found = await hub.get(typeOf(kind), { namespace, name });
    if (found === null) return 'gone';
    const { status: before, origin } = hubObject({ ...found, ...typeOf(kind) });
    const status = next(before, origin.generation);
    if (isSameStatus(before, status)) return 'unchanged';
    const { resourceVersion } = found.metadata;
    const patch = { metadata: { resourceVersion }, status };
    const after = await hub.patch(typeOf(kind), { namespace, name }, patch, { subresource: 'status' });
    return after === null ? 'gone' : 'configured';
  };

  return {
    async list() {
      if ((await hub.ask(`/apis/${API_VERSION}`)) === null)
        refuse(
          'Invalid',
          'the hub has no kinds of Tidegate',
          'install them: tidegate crds | kubectl apply --server-side -f -',
        );
      const found = await Promise.all(kindsOfConfig.map(({ kind }) => hub.list(typeOf(kind), undefined)));
      return found
        .flat()
        .map(hubObject)
        .toSorted((a, b) => (a.path < b.path ? -1 : 1));
    },
    async writeStatus(object, next) {
      for (let i = 1; ; i += 1) {
        try {
          return await attempt(object, next);
        } catch (error) {
          if (!(error instanceof TidegateError) || error.code !== 'Conflict' || i === ATTEMPTS) throw error;
        }
      }
    },
    close: () => clusters.close(),
  };
}
