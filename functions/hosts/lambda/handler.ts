/**
 * The handler that AWS invokes. A request is answered; an event of EventBridge that Temporal has not taken is an error, so
 * that Lambda invokes again and at last hands it to the dead letters; a batch of a queue is answered in parts, so that only
 * the messages which failed come again. Nothing is lost quietly: what is refused for ever ends in the dead letters, too.
 */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { refuse, TidegateError } from '../../../core/values/error.ts';
import { fieldAt } from '../../../core/values/json.ts';
import type { Vouched } from '../../senders/sender.ts';
import { bridgeDelivery, queuedDelivery, sqsRecords, type Delivery, type SqsRecord } from './deliveries.ts';
import { httpAnswer, httpInvocation, requestOf, type HttpAnswer, type HttpInvocation } from './http.ts';

/** Messages of one batch that are handed to the app at the same time; a batch may have 10 000. */
const AT_ONCE = 10;

export interface LambdaDeps {
  readonly app: { fetch(request: Request, host?: Vouched): Promise<Response> };
  /** Of the config, as it is now. @throws TidegateError */
  readonly senders: () => Promise<readonly SenderConfig[]>;
  readonly log: { error(fields: Readonly<Record<string, unknown>>, text: string): void };
}

export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export type LambdaHandler = (invocation: unknown) => Promise<HttpAnswer | BatchAnswer | undefined>;

export function createLambdaHandler(deps: LambdaDeps): LambdaHandler {
  return async (invocation) => {
    const http = httpInvocation(invocation);
    if (http !== undefined) return answered(deps, http);
    const records = sqsRecords(invocation);
    if (records !== undefined) return { batchItemFailures: await failedOf(deps, records) };
    const delivery = bridgeDelivery(invocation);
    if (delivery !== undefined) return void (await deliver(deps, delivery));
    return refuse(
      'Invalid',
      'this invocation is no request, no event of EventBridge and no batch of SQS',
      'invoke the function through API Gateway, a function URL, a load balancer, EventBridge or SQS',
    );
  };
}

async function answered({ app }: LambdaDeps, http: HttpInvocation): Promise<HttpAnswer> {
  const request = requestOrNone(http);
  return httpAnswer(http, request === undefined ? unreadable() : await app.fetch(request));
}

function requestOrNone(http: HttpInvocation): Request | undefined {
  try {
    return requestOf(http);
  } catch (error) {
    // Fetch's own word for a method, a host or a header that HTTP does not have.
    if (fieldAt(error, 'name') === 'TypeError') return undefined;
    throw error;
  }
}

const unreadable = (): Response =>
  new Response(
    JSON.stringify({ status: 400, title: 'Bad Request', detail: 'the method, the host or a header is not valid HTTP' }),
    { status: 400, headers: { 'content-type': 'application/problem+json' } },
  );

/** Those that come again. In a queue with an order nothing may pass one that failed. */
async function failedOf(deps: LambdaDeps, records: readonly SqsRecord[]): Promise<BatchAnswer['batchItemFailures']> {
  const ordered = records.some(({ eventSourceARN }) => eventSourceARN.endsWith('.fifo'));
  const failed: { itemIdentifier: string }[] = [];
  const size = ordered ? 1 : AT_ONCE;
  for (let at = 0; at < records.length; at += size) {
    const some = records.slice(at, at + size);
    const taken = await Promise.all(some.map((record) => take(deps, record)));
    failed.push(...some.filter((_, i) => taken[i] !== true).map(({ messageId }) => ({ itemIdentifier: messageId })));
    if (ordered && failed.length > 0) return records.slice(at).map(({ messageId }) => ({ itemIdentifier: messageId }));
  }
  return failed;
}

/** Has Temporal taken it? */
async function take(deps: LambdaDeps, record: SqsRecord): Promise<boolean> {
  try {
    await deliver(deps, queuedDelivery(record));
    return true;
  } catch (error) {
    deps.log.error(
      { messageId: record.messageId, queue: record.eventSourceARN, error: String(error) },
      'a message was not taken and stays in its queue',
    );
    return false;
  }
}

/** @throws TidegateError where the event is not taken, with what the app said. */
async function deliver({ app, senders }: LambdaDeps, { make, contentType, body }: Delivery): Promise<void> {
  const sender = vouchedSender(make, await senders());
  const request = new Request(`https://lambda.invalid/events/${sender}`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  });
  const response = await app.fetch(request, { vouchedBy: 'aws' });
  if (response.ok) return;
  const code = response.status === 429 ? 'Throttled' : response.status >= 500 ? 'Unavailable' : 'Invalid';
  throw new TidegateError(code, `sender ${sender}: ${response.status} ${await response.text()}`, {
    fix: code === 'Invalid' ? 'the event stays in the dead letters: mend its sender, or delete it there' : '',
  });
}

/** Its name. Which one is meant must be plain: several could differ in what they trigger. */
function vouchedSender(make: Delivery['make'], senders: readonly SenderConfig[]): string {
  const [first, second] = senders.filter(({ type, trust }) => type === make && trust === 'lambda');
  if (first !== undefined && second === undefined) return first.name;
  const which = first === undefined ? 'no Sender' : `more than one Sender (${first.name}, ${second?.name ?? ''})`;
  return refuse(
    'Invalid',
    `${which} of type ${make} says trust: lambda, so it is not known whose events AWS hands over`,
    `write exactly one Sender of type ${make} with trust: lambda`,
  );
}
