/**
 * Slack: a person presses a button of a message (`block_actions`). The button's value names the one step that it is about,
 * and who pressed it is Slack's word.
 * @see https://docs.slack.dev/authentication/verifying-requests-from-slack
 * @see https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
 */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { parseMediaType } from '../../../core/events/parse/media-type.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import { hmac } from '../auth/hmac.ts';
import { unauthenticated } from '../auth/refusals.ts';
import { isOneOf } from '../auth/same.ts';
import { assertRecent } from '../auth/window.ts';
import { assertSize, jsonBody, parsedJson } from '../content.ts';
import { nothingToDo } from '../events.ts';
import { textAt } from '../payload.ts';
import type { RawRequest, Receive, SenderTools } from '../sender.ts';
import { clicksOf, personOf } from './normalise.ts';

export const receiveSlack: Receive = async (request, sender, tools) => {
  await assertSlack(request, { sender, tools });
  assertSize(request);
  const type = parseMediaType(request.headers.get('content-type') ?? '')?.essence;
  if (type === 'application/json') return challenge(request);
  if (type !== 'application/x-www-form-urlencoded')
    throw new HttpProblem(415, 'Content-Type is no form: give this URL to Slack as the one for interactivity');
  const form = new URLSearchParams(Buffer.from(request.body).toString('utf8'));
  const payload = parsedJson(Buffer.from(form.get('payload') ?? ''));
  if (textAt(payload, 'type') !== 'block_actions') return nothingToDo('only buttons of messages are heard');
  return { kind: 'events', incoming: clicksOf(payload), by: personOf(payload) };
};

async function assertSlack(
  request: RawRequest,
  { sender, tools }: { sender: SenderConfig; tools: SenderTools },
): Promise<void> {
  const [timestamp, given] = ['X-Slack-Request-Timestamp', 'X-Slack-Signature'].map((name) =>
    request.headers.get(name),
  );
  if (timestamp == null || given == null) return unauthenticated('the headers of Slack are missing');
  assertRecent(timestamp, { header: 'X-Slack-Request-Timestamp', nowMs: request.receivedAtMs });
  const secrets = await tools.secrets(sender);
  const right = secrets.map((secret) => `v0=${hmac(secret, [`v0:${timestamp}:`, request.body]).toString('hex')}`);
  if (!isOneOf(given, right))
    unauthenticated('X-Slack-Signature does not fit the time, the body and the signing secret');
}

/** Slack asks a new URL for its own words back. */
function challenge(request: RawRequest): ReturnType<typeof nothingToDo> {
  const payload = jsonBody(request);
  if (textAt(payload, 'type') !== 'url_verification') return nothingToDo('only buttons of messages are heard');
  const headers = { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' };
  return { kind: 'answer', status: 200, body: textAt(payload, 'challenge'), headers };
}
