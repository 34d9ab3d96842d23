/** One call to the REST API of a cloud with a bearer token; what is throttled or fails for a moment is tried again. */
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { TidegateError } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import { cloudError, type CloudFault } from './cloud-error.ts';
import { CLOUD_TIMEOUT_MS } from './places.ts';

export interface RestCall extends Pick<CloudFault, 'what' | 'grant' | 'correct'> {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly token: string;
}

const ATTEMPTS = 4;
/** Before the second attempt, ms; doubled before each further one, unless the cloud says how long. */
const FIRST_WAIT_MS = 500;

export async function callRest(call: RestCall): Promise<unknown> {
  const signal = AbortSignal.timeout(CLOUD_TIMEOUT_MS);
  for (let attempt = 1; ; attempt += 1) {
    const fault = await once(call, signal);
    if ('body' in fault) return fault.body;
    const error = cloudError({ ...call, ...fault });
    const again = error.code === 'Throttled' || (fault.status ?? 0) >= 500;
    if (!again || attempt === ATTEMPTS) throw error;
    await wait(fault.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1), undefined, { signal }).catch(() => {
      throw error;
    });
  }
}

type Outcome = { readonly body: unknown } | Pick<CloudFault, 'status' | 'code' | 'retryAfterMs'>;

async function once({ method, url, token }: RestCall, signal: AbortSignal): Promise<Outcome> {
  try {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const { statusCode, headers: told, body } = await request(url, { method, headers, signal });
    const text = await body.text();
    if (statusCode < 300) return { body: JSON.parse(text) as unknown };
    const seconds = Number(told['retry-after']);
    return {
      status: statusCode,
      code: codeIn(text),
      retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined,
    };
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    return { code: (error as NodeJS.ErrnoException).code };
  }
}

/** Google says `error.status`, Azure `error.code`. */
function codeIn(text: string): unknown {
  try {
    const error = fieldAt(JSON.parse(text) as unknown, 'error');
    return fieldAt(error, 'status') ?? fieldAt(error, 'code');
  } catch {
    return undefined;
  }
}
