/** How a Job is doing, and how it ended, in the words of those who know: the Job, its pod, its log. Pure. */
import type { Condition, KubeObject } from '../../kube/objects.ts';
import { redacted } from '../../values/error.ts';
import type { Pod } from '../pod-trouble.ts';

export interface Job extends KubeObject {
  readonly status?: { readonly active?: number; readonly conditions?: readonly Condition[] };
}

export interface JobEnd {
  readonly state: 'running' | 'complete' | 'failed';
  /** Why it has failed, in the cluster's words; '' otherwise. */
  readonly reason: string;
}

export function jobEnd({ status }: Job): JobEnd {
  const holds = (type: string): Condition | undefined =>
    (status?.conditions ?? []).find((one) => one.type === type && one.status === 'True');
  // SuccessCriteriaMet and FailureTarget come earlier, while pods still end.
  if (holds('Complete') !== undefined) return { state: 'complete', reason: '' };
  const failed = holds('Failed');
  if (failed === undefined) return { state: 'running', reason: '' };
  const { reason = 'Failed', message = '' } = failed;
  return { state: 'failed', reason: message === '' ? reason : `${reason}: ${message}` };
}

/** The pod that tells most: one that has failed before one that runs, the youngest of them. */
export function telling(pods: readonly Pod[]): Pod | undefined {
  const rank = ({ status }: Pod): number => (status?.phase === 'Failed' ? 0 : status?.phase === 'Running' ? 1 : 2);
  const bornAt = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';
  return pods.toSorted((a, b) => rank(a) - rank(b) || bornAt(b).localeCompare(bornAt(a)))[0];
}

/** `pod smoke-x: container smoke: Error with exit code 7`; '' where no container has ended badly. */
export function podEnd({ metadata, status }: Pod): string {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name, state, lastState } of all) {
    const ended = state?.terminated ?? lastState?.terminated;
    if (ended === undefined || (ended.exitCode ?? 0) === 0) continue;
    const said = ended.message === undefined || ended.message === '' ? '' : `: ${ended.message.trim().slice(-200)}`;
    const code = `${ended.reason ?? 'Error'} with exit code ${String(ended.exitCode)}`;
    return `pod ${metadata.name}: container ${name}: ${code}${said}`;
  }
  return '';
}

/** The container whose log tells why: the first that ended badly, else the first. '' where there is none. */
export function containerOf({ spec, status }: Pod): string {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const bad = all.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  const { containers = [] } = (spec ?? {}) as { readonly containers?: readonly { readonly name: string }[] };
  return bad?.name ?? containers[0]?.name ?? '';
}

export const LOG_LINES = 20;

/** What of it fits into a failure beside the rest of its words: Temporal keeps few. */
const LOG_CHARACTERS = 1_000;
const LINE_CHARACTERS = 300;

/** The last whole lines of a log. A program may print anything: what looks like a credential is left out. */
export function tailOf(log: string): string {
  const lines = log
    .split(/\r?\n/)
    .map(plain)
    .filter((line) => line !== '')
    .slice(-LOG_LINES);
  while (lines.join('\n').length > LOG_CHARACTERS) lines.shift();
  return redacted(lines.join('\n'));
}

/** Colours of a terminal. */
const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

const plain = (line: string): string => {
  const text = line.replace(colours, '').trimEnd();
  return text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text;
};
