/** What goes wrong between a worker and a cloud → TidegateError. Clouds' own words may repeat a request, so codes only. */
import { TidegateError } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';

export interface CloudFault {
  /** `aws-us-east-1: EKS DescribeCluster` */
  readonly what: string;
  /** HTTP status; absent: there was no answer. */
  readonly status?: number | undefined;
  /** As the cloud or the SDK calls the fault. */
  readonly code?: unknown;
  readonly retryAfterMs?: number | undefined;
  /** What to grant, where the caller may not do it. */
  readonly grant: string;
  /** What to correct, where the cloud knows no such thing. */
  readonly correct: string;
}

export function cloudError({ what, status, code, retryAfterMs, grant, correct }: CloudFault): TidegateError {
  const name = wordOf(code) ?? (status === undefined ? 'no answer' : `HTTP ${String(status)}`);
  const text = `${what}: ${name}`;
  if (/throttl|TooManyRequests|RESOURCE_EXHAUSTED/i.test(name) || status === 429)
    return new TidegateError('Throttled', text, present({ retryAfterMs }));
  if (/Expired/i.test(name)) return new TidegateError('Unavailable', text, { fix: grant });
  if (/NotFound|NOT_FOUND/.test(name) || status === 404) return new TidegateError('Invalid', text, { fix: correct });
  if (refusedNames.test(name) || status === 401 || status === 403)
    return new TidegateError('Forbidden', text, { fix: grant });
  if (status !== undefined && status >= 400 && status < 500)
    return new TidegateError('Invalid', text, { fix: correct });
  return new TidegateError('Unavailable', text, {
    fix: `look at the network between the worker and the cloud; ${grant}`,
  });
}

const refusedNames =
  /AccessDenied|Unauthorized|UnrecognizedClient|InvalidClientTokenId|InvalidIdentityToken|SignatureDoesNotMatch|PERMISSION_DENIED|UNAUTHENTICATED/;

/** A word of a cloud's vocabulary; whatever else stands there is not repeated. */
const wordOf = (code: unknown): string | undefined =>
  typeof code === 'string' && /^[A-Z][A-Za-z_]{2,60}$/.test(code) && code !== 'Error' ? code : undefined;
