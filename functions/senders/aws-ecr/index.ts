/**
 * Amazon ECR by EventBridge: from an API destination, which puts a key in a header, or as the Lambda host hands it in.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 *
 * EventBridge delivers these events on a best-effort basis: reconcile as well.
 */
import { assertToken } from '../auth/tokens.ts';
import { jsonBody } from '../content.ts';
import { bySender } from '../events.ts';
import type { Receive } from '../sender.ts';
import { eventOfEnvelope } from './normalise.ts';

export const receiveAwsEcr: Receive = async (request, sender, tools) => {
  await assertToken(request, { sender, tools });
  return bySender(sender, [eventOfEnvelope(jsonBody(request), sender)]);
};
