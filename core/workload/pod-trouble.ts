/** Why pods of a version do not get ready, in their own words, and whether waiting can help. Pure. */
import type { Condition, Deployment, KubeObject } from '../kube/objects.ts';

interface Terminated {
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: Terminated;
  };
  readonly lastState?: { readonly terminated?: Terminated };
}

/** The parts of a Pod that say how it starts. */
export interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    /** Preemption makes room for it there. */
    readonly nominatedNodeName?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** What components say of a pod. */
export interface PodEvent extends KubeObject {
  readonly involvedObject?: { readonly uid?: string };
  readonly reason?: string;
  readonly message?: string;
}

export interface PodTrouble {
  /** `checkout-v2-abc: ImagePullBackOff: … not found`. */
  readonly text: string;
  /** Waiting does not help: nobody but a person, or another version, mends it. */
  readonly isFinal: boolean;
}

/** What may arrive a moment later (a ConfigMap of the same apply, a node that is freed) gets that long, ms. */
const GRACE_MS = 10_000;

/** A registry's own word that there is no such image, or not for us; others (a timeout, a limit) may pass. */
const refusedImage =
  /not found|manifest unknown|unauthorized|denied|forbidden|no match for platform|invalid reference/i;
/** An admission that did not answer may answer next time. */
const passing = /failed calling webhook|timed? ?out|connection refused|context deadline|try again/i;

/** null: nothing is wrong, as far as they say. */
export function podTrouble(
  pods: readonly Pod[],
  { events, nowMs }: { readonly events: readonly PodEvent[]; readonly nowMs: number },
): PodTrouble | null {
  const troubles = pods.flatMap((pod) => troubleOf(pod, { events, nowMs }) ?? []);
  return troubles.find(({ isFinal }) => isFinal) ?? troubles[0] ?? null;
}

interface Seen {
  readonly events: readonly PodEvent[];
  readonly nowMs: number;
}

function troubleOf(pod: Pod, seen: Seen): PodTrouble | null {
  const { conditions = [], containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined) return unschedulable(pod, unscheduled, seen);
  for (const container of [...initContainerStatuses, ...containerStatuses]) {
    const found = waitingTrouble(pod, container, seen);
    if (found !== null) return found;
  }
  return volumeTrouble(pod, seen);
}

/** Somebody makes room: a new node, or a pod of less priority that goes. */
const roomComes = new Set(['TriggeredScaleUp', 'Nominated']);

function unschedulable(pod: Pod, { reason = '', message = '' }: Condition, { events, nowMs }: Seen): PodTrouble {
  const said = eventsOf(pod, events);
  const waits = pod.status?.nominatedNodeName !== undefined || said.some((one) => roomComes.has(one.reason ?? ''));
  const refused = said.find((one) => one.reason === 'NotTriggerScaleUp');
  const old = ageMs(pod, nowMs) >= GRACE_MS;
  return {
    text: sentence(pod, reason === '' ? 'Unschedulable' : reason, message),
    isFinal: !waits && reason !== 'SchedulingGated' && (refused !== undefined || old),
  };
}

function waitingTrouble(pod: Pod, container: ContainerStatus, { events, nowMs }: Seen): PodTrouble | null {
  const { reason = '', message = '' } = container.state?.waiting ?? {};
  const words = (why: string): string => sentence(pod, `container ${container.name}: ${reason}`, why);
  switch (reason) {
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
      return { text: words(message), isFinal: true };
    case 'ErrImagePull':
    case 'ImagePullBackOff': {
      // The back-off of older kubelets does not say why; the event of the attempt does.
      const failed = eventsOf(pod, events).find(
        (one) => one.reason === 'Failed' && refusedImage.test(one.message ?? ''),
      );
      const why = refusedImage.test(message) ? message : (failed?.message ?? message);
      return { text: words(why), isFinal: refusedImage.test(why) };
    }
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return { text: words(message), isFinal: ageMs(pod, nowMs) >= GRACE_MS && !passing.test(message) };
    case 'CrashLoopBackOff': {
      const { exitCode, reason: ended = 'Error', message: said = '' } = container.lastState?.terminated ?? {};
      const times = `${String(container.restartCount ?? 0)} restarts`;
      const code = exitCode === undefined ? '' : `, ${ended} with exit code ${String(exitCode)}`;
      // It may be waiting for something that comes; only its deadline says how long it may.
      return { text: words(`${times}${code}${said === '' ? '' : `: ${said}`}`), isFinal: false };
    }
    default:
      return null;
  }
}

/** A volume that another node holds, or that is not there. */
function volumeTrouble(pod: Pod, { events, nowMs }: Seen): PodTrouble | null {
  const failed = eventsOf(pod, events).find(
    ({ reason }) => reason === 'FailedAttachVolume' || reason === 'FailedMount',
  );
  if (failed === undefined || isReadyPod(pod)) return null;
  const { reason = '', message = '' } = failed;
  const lasting = /Multi-Attach|not found/i.test(message);
  return { text: sentence(pod, reason, message), isFinal: lasting && ageMs(pod, nowMs) >= GRACE_MS };
}

/** Pods that are not even made: a quota, an admission. null: they are. */
export function replicaTrouble({ metadata, status }: Deployment): PodTrouble | null {
  const failure = (status?.conditions ?? []).find((one) => one.type === 'ReplicaFailure' && one.status === 'True');
  if (failure === undefined) return null;
  const { reason = 'FailedCreate', message = '' } = failure;
  const text = `Deployment ${metadata.name}: ${reason}: ${short(message)}`;
  return {
    text,
    isFinal: /exceeded quota|is forbidden|is invalid|denied the request/i.test(message) && !passing.test(message),
  };
}

const eventsOf = (pod: Pod, events: readonly PodEvent[]): readonly PodEvent[] =>
  events.filter((one) => one.involvedObject?.uid === pod.metadata.uid);

const isReadyPod = ({ status }: Pod): boolean =>
  (status?.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');

const ageMs = ({ metadata }: Pod, nowMs: number): number =>
  metadata.creationTimestamp === undefined ? 0 : nowMs - Date.parse(metadata.creationTimestamp);

/** Those whose events are worth asking for: they are not ready, and not on their way out. */
export const waitingPods = (pods: readonly Pod[]): readonly Pod[] =>
  pods.filter((pod) => !isReadyPod(pod) && pod.metadata.deletionTimestamp === undefined);

/** Longest message that is kept: an error in a history, and a line on a terminal. */
const LONGEST = 400;

const short = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
};

const sentence = ({ metadata }: Pod, what: string, why: string): string =>
  `pod ${metadata.name}: ${what}${why === '' ? '' : `: ${short(why)}`}`;
