/** Every refusal as RFC 9457 problem details: the one place where reasons become answers. */
import { TidegateError } from '../core/values/error.ts';
import { HttpProblem } from '../platform/http/problem.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export interface ToldProblem {
  readonly status: number;
  readonly detail: string;
  readonly at: string;
}

export const problemBody = ({ status, detail, at }: ToldProblem): Readonly<Record<string, unknown>> => ({
  type: 'about:blank',
  title: titles[status] ?? 'Error',
  status,
  detail,
  ...(at === '' ? {} : { at }),
});

/** @param more members beside those of RFC 9457 */
export function problemResponse(
  problem: ToldProblem,
  headers: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Response {
  // RFC 9110 wants a 401 to say how one would authenticate oneself.
  const challenge = problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  return new Response(JSON.stringify({ ...problemBody(problem), ...more }), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...challenge, ...headers },
  });
}

/** When a sender shall come again, s. */
const RETRY_S = '5';

/** undefined: nobody foresaw it. */
export function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error;
  if (!(error instanceof TidegateError)) return undefined;
  const isTransient = error.code === 'Unavailable' || error.code === 'Throttled';
  return isTransient
    ? new HttpProblem(
        503,
        'it is not accepted, for something that the front door needs does not answer: send it again',
        { 'retry-after': RETRY_S },
      )
    : undefined;
}
