/**
 * OPTIONS: a system that sends web hooks asks whether its events are welcome (web hooks of CloudEvents, 4). Consent is two
 * headers, their absence is none, whatever the status; it authenticates nobody. A callback is never called: whoever could
 * name one could make the front door knock anywhere.
 */
import type { SenderConfig } from '../../core/config/events/types.ts';
import { HttpProblem } from '../../platform/http/problem.ts';

export const METHODS = 'POST, OPTIONS';

/** @throws HttpProblem 400, 403 */
export function registration(headers: Headers, candidates: readonly SenderConfig[]): Response {
  const origin = headers.get('webhook-request-origin') ?? '';
  const allow = { allow: METHODS };
  if (origin === '')
    throw new HttpProblem(
      400,
      'WebHook-Request-Origin is missing: it names who wants to send',
      allow,
      'WebHook-Request-Origin',
    );
  const consenting = candidates.find(({ allowedOrigins }) =>
    allowedOrigins.some((one) => one === '*' || one.toLowerCase() === origin.toLowerCase()),
  );
  if (consenting === undefined)
    throw new HttpProblem(
      403,
      'that origin may not send here: allowedOrigins of the Sender document lists who may',
      allow,
    );
  const asked = headers.get('webhook-request-rate');
  if (asked !== null && !/^[1-9]\d{0,8}$/.test(asked))
    throw new HttpProblem(
      400,
      'WebHook-Request-Rate is no positive number of requests a minute',
      allow,
      'WebHook-Request-Rate',
    );
  const rate = Math.min(Number(asked ?? consenting.perMinute), consenting.perMinute);
  return new Response(null, {
    status: 204,
    headers: { ...allow, 'webhook-allowed-origin': origin, 'webhook-allowed-rate': String(rate) },
  });
}
