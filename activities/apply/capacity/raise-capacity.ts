/** Asks for the pods that both versions of a run need now, in one cluster. It raises, and never lowers. */
import type { Deployment } from '../../../core/kube/objects.ts';
import { podsFor, podsNeeded, type ForShare } from '../../../core/workload/capacity/need.ts';
import type { Scaler } from '../../../core/workload/capacity/scalers.ts';
import { isManagedVersion } from '../../../core/workload/managed.ts';
import type { RecordAt } from '../../record-store.ts';
import { ofVersion, readFrontend, readWorkloads } from '../workloads.ts';
import { holdScaler, readAutoscaling } from './autoscalers.ts';
import { scaleUp } from './until-ready.ts';

export interface Raising {
  readonly version: string;
  /** '' = none: nothing serves there yet. */
  readonly replaces: string;
  /** What the version gets. Absent: it is left as it is. */
  readonly forShare?: ForShare;
  /** Only checked: somebody else makes the versions. */
  readonly isExternal?: boolean;
  /** An autoscaler that nobody holds is left alone, with its Deployment. */
  readonly onlyHeld?: true;
}

export interface WantedPods {
  readonly version: string;
  readonly pods: number;
  /** Tidegate makes its Deployment, and may make it larger. */
  readonly isOurs: boolean;
}

interface Raised extends WantedPods {
  readonly deployment: Deployment | null;
}

/** What each version must have. Capacity of what somebody else makes is checked, never held. */
export async function raiseCapacity(at: RecordAt, raising: Raising): Promise<readonly WantedPods[]> {
  const { version, replaces, forShare, isExternal = false } = raising;
  const [workloads, { autoscalers, scalers }] = await Promise.all([
    readFrontend(at).then((frontend) => readWorkloads(at, frontend)),
    readAutoscaling(at),
  ]);
  const old = replaces === '' ? null : ofVersion(at, workloads, replaces);
  const entering = ofVersion(at, workloads, version);
  const whole = podsNeeded(
    [old, entering].filter((one) => one !== null),
    autoscalers,
  );
  const isOurs = (one: Deployment | null, of: string): boolean =>
    !isExternal && one !== null && isManagedVersion(one, at.service, of);
  const before =
    replaces === ''
      ? []
      : [{ version: replaces, deployment: old, pods: Math.max(1, whole), isOurs: isOurs(old, replaces) }];
  const after =
    forShare === undefined
      ? []
      : [{ version, deployment: entering, pods: podsFor(whole, forShare), isOurs: isOurs(entering, version) }];
  if (isExternal) return after;
  return Promise.all([...before, ...after].map((one) => raiseOne(at, { one, scalers, raising })));
}

interface RaisingOne {
  readonly one: Raised;
  readonly scalers: readonly Scaler[];
  readonly raising: Raising;
}

async function raiseOne(at: RecordAt, { one, scalers, raising }: RaisingOne): Promise<WantedPods> {
  const { version, deployment, isOurs } = one;
  const scaler = scalers.find((some) => some.deployment === deployment?.metadata.name);
  const pods = Math.min(one.pods, scaler?.max ?? Infinity);
  if (raising.onlyHeld === true && scaler !== undefined && scaler.held === null) return { version, pods, isOurs };
  if (scaler !== undefined) await holdScaler(at, scaler, { level: pods, version: scaler.held?.for ?? raising.version });
  if (isOurs && deployment !== null) await scaleUp(at, deployment, pods);
  return { version, pods, isOurs };
}
