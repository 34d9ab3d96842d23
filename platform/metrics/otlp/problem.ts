/** Why a request is answered with an error: the one place where reasons become HTTP statuses. */
import { Undecodable } from './decode.ts';

/** google.rpc.Code, by HTTP status; 2 (unknown) for others. */
const rpcCodes: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  404: 5,
  405: 12,
  413: 3,
  415: 3,
  429: 8,
  503: 14,
};

export class HttpProblem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }

  /** google.rpc.Status, which OTLP wants as the body of every error. */
  get rpcStatus(): { readonly code: number; readonly message: string } {
    return { code: rpcCodes[this.status] ?? 2, message: this.message };
  }
}

/** Senders do not repeat what got a 400, and wait for Retry-After when they get 429 or 503. */
export const problemOf = (error: unknown): HttpProblem => {
  if (error instanceof HttpProblem) return error;
  if (error instanceof Undecodable) return new HttpProblem(400, error.message);
  return new HttpProblem(500, 'the receiver failed');
};
