/** Why a request is answered with an error: the one place where reasons become HTTP statuses. */
import { HttpProblem } from '../../http/problem.ts';
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

/** Senders do not repeat what got a 400, and wait for Retry-After when they get 429 or 503. */
export const problemOf = (error: unknown): HttpProblem => {
  if (error instanceof HttpProblem) return error;
  if (error instanceof Undecodable) return new HttpProblem(400, error.message);
  return new HttpProblem(500, 'the receiver failed');
};

/** google.rpc.Status, which OTLP wants as the body of every error. */
export const rpcStatusOf = ({ status, message }: HttpProblem): { readonly code: number; readonly message: string } => ({
  code: rpcCodes[status] ?? 2,
  message,
});
