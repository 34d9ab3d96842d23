/**
 * Who a worker is to Temporal: `<pid>@<host>#<start>`. A pod keeps its host name when its container restarts, and often
 * its pid; the start tells a worker from its former self, whose attempts are lost.
 */
import { hostname } from 'node:os';

export interface WorkerIdentity {
  readonly pid: number;
  readonly host: string;
  /** When the process began, ms since the epoch, in base 36. */
  readonly start: string;
}

export const ownIdentity = (): WorkerIdentity => ({
  pid: process.pid,
  host: hostname(),
  start: Math.round(performance.timeOrigin).toString(36),
});

export const identityText = ({ pid, host, start }: WorkerIdentity): string => `${String(pid)}@${host}#${start}`;

/** null: no worker of Tidegate, or an older one. */
export function parseIdentity(text: string): WorkerIdentity | null {
  const [, pid = '', host = '', start = ''] = /^(\d+)@(.+)#([0-9a-z]+)$/.exec(text) ?? [];
  return host === '' ? null : { pid: Number(pid), host, start };
}

/** A long poll lasts a minute: whoever lives has begun one since then, ms. */
export const POLLS_WITHIN_MS = 75_000;

export interface Sight {
  readonly own: WorkerIdentity;
  readonly nowMs: number;
  /** When each identity began its last poll, ms since the epoch, as the server knows it: of the last minutes only. */
  readonly polledAtMs: ReadonlyMap<string, number>;
  /** Is there a process of that pid on this host? */
  readonly hasProcess: (pid: number) => boolean;
}

/**
 * Is that worker dead? On its own host a worker sees it at once; of another host it is taken for dead when it has not
 * polled for longer than a poll lasts. A worker that is wrongly taken for dead loses an attempt, which begins anew.
 */
export function isGone(text: string, { own, nowMs, polledAtMs, hasProcess }: Sight): boolean {
  const other = parseIdentity(text);
  if (other === null || text === identityText(own)) return false;
  if (other.host === own.host && (other.pid === own.pid || !hasProcess(other.pid))) return true;
  const polled = polledAtMs.get(text);
  return polled === undefined || nowMs - polled > POLLS_WITHIN_MS;
}
