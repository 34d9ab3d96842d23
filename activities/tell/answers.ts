/** What the answer of a sink means. */
import { TidegateError } from '../../core/values/error.ts';
import { shortened } from '../../core/values/shortened.ts';
import type { SinkAnswer } from '../../platform/http/sink-client.ts';

/** Characters of an answer in a message. */
const QUOTED = 200;

class Gone extends TidegateError {}

/** The sink wants nothing more, ever. */
export const isGone = (error: TidegateError): boolean => error instanceof Gone;

/** GitLab refuses to set the state that a commit has already: what was asked for is so. */
export const isSoAlready = ({ status, text }: SinkAnswer): boolean =>
  status === 400 && text.includes('Cannot transition status');

/** GitHub says 403 to whoever asks too often, with the reason in its text (its rate limits, the secondary ones too). */
export const isTooOften = ({ status, text, retryAfterMs }: SinkAnswer): boolean =>
  status === 403 && (retryAfterMs !== undefined || /rate limit/i.test(text));

/** Statuses that pass by themselves: too slow, too early, too many. */
const passing: readonly number[] = [408, 425, 429];

/** @throws TidegateError Invalid: refused for good; Unavailable, Throttled: a later attempt may succeed */
export function assertTaken(sink: string, { status, text, retryAfterMs }: SinkAnswer): void {
  if (status >= 200 && status < 300) return;
  const said = text.trim() === '' ? '' : `: ${shortened(text, QUOTED)}`;
  const what = `sink ${sink} answers ${status}${said}`;
  if (status === 410) throw new Gone('Invalid', `${what}; it is gone`, { fix: 'take its Sink document away' });
  if (status >= 300 && status < 400)
    throw new TidegateError('Invalid', `sink ${sink} answers ${status}, a redirect, and none is followed`, {
      fix: 'write the final address',
    });
  if (status < 500 && !passing.includes(status))
    throw new TidegateError('Invalid', what, {
      fix: 'mend the Sink document or the sink, then tidegate events resend',
    });
  throw new TidegateError(status === 429 ? 'Throttled' : 'Unavailable', what, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
