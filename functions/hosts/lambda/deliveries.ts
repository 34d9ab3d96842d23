/**
 * Invocations that are no requests: an event of EventBridge, and messages of a queue. IAM says who may invoke the function
 * and who may write to its queue, so AWS vouches for them, and each is handed to the app as a request that says so.
 */
import { z } from 'zod';
import type { VouchedMake } from '../../../core/config/events/makes.ts';
import { isRecord } from '../../../core/values/json.ts';
import { refuse } from '../../../core/values/error.ts';

/** One event, as the app's sender of that make reads it. */
export interface Delivery {
  readonly make: VouchedMake;
  readonly contentType: string;
  readonly body: string;
}

const sqsRecord = z.object({
  messageId: z.string(),
  eventSource: z.literal('aws:sqs'),
  eventSourceARN: z.string(),
  body: z.string(),
});
const sqsInvocation = z.object({ Records: z.array(sqsRecord).min(1) });
const bridgeEvent = z.object({ id: z.string(), source: z.string(), 'detail-type': z.string(), detail: z.unknown() });
const notification = z.object({ Type: z.literal('Notification'), TopicArn: z.string(), Message: z.string() });

export type SqsRecord = z.output<typeof sqsRecord>;

/** undefined: they are no messages of a queue. */
export const sqsRecords = (invocation: unknown): readonly SqsRecord[] | undefined =>
  sqsInvocation.safeParse(invocation).data?.Records;

/** undefined: it is no event of EventBridge. */
export function bridgeDelivery(invocation: unknown): Delivery | undefined {
  const event = bridgeEvent.safeParse(invocation);
  if (!event.success) return undefined;
  const { source, 'detail-type': type } = event.data;
  if (source !== 'aws.ecr' || type !== 'ECR Image Action')
    refuse(
      'Invalid',
      `EventBridge event ${event.data.id} is "${type}" of ${source}: only "ECR Image Action" of aws.ecr is known`,
      'narrow the pattern of the rule, or send the event as a CloudEvent through a queue',
    );
  return { make: 'aws-ecr', contentType: 'application/json', body: JSON.stringify(invocation) };
}

/** A message is a CloudEvent, an event of EventBridge, or either in the envelope of SNS. @throws TidegateError Invalid */
export function queuedDelivery({ messageId, body }: SqsRecord): Delivery {
  const said = parsed(body);
  const envelope = notification.safeParse(said);
  const text = envelope.success ? envelope.data.Message : body;
  const inner = envelope.success ? parsed(text) : said;
  if (isRecord(inner) && 'specversion' in inner)
    // The very text: an id that is a number too large for JavaScript stays what it is.
    return { make: 'cloudevents', contentType: 'application/cloudevents+json', body: text };
  const bridged = bridgeDelivery(inner);
  if (bridged !== undefined) return { ...bridged, body: text };
  return refuse(
    'Invalid',
    `message ${messageId} of the queue is neither a CloudEvent nor an event of EventBridge, nor either from SNS`,
    'send structured CloudEvents (application/cloudevents+json) to this queue',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is none of the known forms, and is refused as that.
    return undefined;
  }
}
