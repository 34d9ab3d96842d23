/** How a client of the lab asks: one protocol each, nothing is retried. */
import type { FailureKind, RequestRecord } from './report.ts';

export const timeoutMs = 5_000;

/** Tells the pods of the lab that a request came past Envoy. */
export const pastEnvoyHeader = 'x-lab-past-envoy';

/** Metadata of a gRPC answer: who gave it, as JSON. */
export const answeredByHeader = 'x-lab-answered-by';

export interface Target {
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly speaks: 'http' | 'grpc';
}

export type Outcome = Pick<RequestRecord, 'status' | 'failure'> & Partial<RequestRecord>;

export interface Asked {
  /** A connection of its own, or one of the first `kept` that are kept alive. */
  readonly kept: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Dialer {
  /** One request; `done` is called once. */
  ask(to: Target, how: Asked, done: (outcome: Outcome) => void): void;
  close(): void;
}

/** At most one outcome; after `timeoutMs` without one the request has timed out. */
export function once(done: (outcome: Outcome) => void, giveUp: () => void): (outcome: Outcome) => void {
  let ended = false;
  const timer = setTimeout(() => {
    end({ status: 0, failure: 'timeout', detail: `no answer in ${timeoutMs} ms` });
    giveUp();
  }, timeoutMs);
  const end = (outcome: Outcome): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    done(outcome);
  };
  return end;
}

export function answeredBy(text: string): { version?: string; serving?: string } {
  if (!text.startsWith('{')) return {}; // a proxy's own answer
  const { version = '', cluster = '' } = JSON.parse(text) as { version?: string; cluster?: string };
  return { version, serving: cluster };
}

export function kindOf(error: NodeJS.ErrnoException): FailureKind {
  return error.syscall === 'connect' || error.code === 'ECONNREFUSED' || error.code === 'EADDRNOTAVAIL'
    ? 'connect'
    : 'reset';
}
