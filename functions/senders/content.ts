/** Bodies of authenticated requests: JSON objects within bounds, or a problem that names the place. */
import { readJson } from '../../core/events/parse/json-text.ts';
import { eventLimits } from '../../core/events/parse/limits.ts';
import { isJsonType, isUtf8, parseMediaType } from '../../core/events/parse/media-type.ts';
import { parseEvents } from '../../core/events/parse/parse.ts';
import { isRecord } from '../../core/values/json.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import type { Incoming, RawRequest } from './sender.ts';

/** @throws HttpProblem 413, 415, 400 */
export function jsonBody(request: RawRequest): Record<string, unknown> {
  assertSize(request);
  const written = request.headers.get('content-type') ?? '';
  const type = parseMediaType(written);
  if (type === null || !isJsonType(type) || !isUtf8(type))
    throw new HttpProblem(415, 'Content-Type is not JSON in UTF-8: choose application/json at the sender');
  return parsedJson(request.body);
}

/** @throws HttpProblem 400 */
export function parsedJson(bytes: Uint8Array): Record<string, unknown> {
  const read = readJson(bytes);
  if ('reason' in read) throw new HttpProblem(400, `the body ${read.reason}`);
  if (!isRecord(read.value)) throw new HttpProblem(400, 'the body is no JSON object');
  return read.value;
}

export function assertSize({ body }: RawRequest): void {
  if (body.length > eventLimits.bodyBytes)
    throw new HttpProblem(413, `the body has more than ${eventLimits.bodyBytes} bytes`);
}

/** Does the body carry CloudEvents as JSON, one or a list of them? Headers (binary mode) are not signed by anybody. */
export const carriesCloudEvents = ({ headers }: RawRequest): boolean =>
  parseMediaType(headers.get('content-type') ?? '')?.essence.startsWith('application/cloudevents') === true;

/** Does a header or the content type say that it is a CloudEvent? Only for requests that are authenticated as a whole. */
export const isCloudEvent = (request: RawRequest): boolean =>
  carriesCloudEvents(request) || request.headers.has('ce-specversion');

/** @throws HttpProblem when the message as a whole is none */
export function cloudEvents({ headers, body }: RawRequest): readonly Incoming[] {
  const parsed = parseEvents({ headers, body });
  if (parsed.kind === 'refused')
    throw new HttpProblem(parsed.problem.status, parsed.problem.detail, {}, parsed.problem.at);
  return parsed.incoming;
}
