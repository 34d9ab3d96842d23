import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { SenderConfig } from '../../../../core/config/events/types.ts';
import { parseConfig } from '../../../../core/config/parse.ts';
import { createLambdaHandler } from '../../../../functions/hosts/lambda/handler.ts';
import { meshText } from '../../config/documents.ts';
import { attributes, ciSender, config, structured, testDoor } from '../front-door.ts';

const trusting: SenderConfig = { ...ciSender, secrets: [], trust: 'lambda' };

/** A door whose only sender is that one, for which there is no secret at all. */
function doorOf(sender: SenderConfig) {
  const door = testDoor({ tools: { secrets: async () => [], verifyToken: () => Promise.reject(new Error('none')) } });
  door.state.config = { ...config, events: { ...config.events, senders: [sender] } };
  return door;
}

describe('an event that AWS vouches for', () => {
  it('is taken from a Sender that trusts Lambda, without a secret', async () => {
    const door = doorOf(trusting);
    expect((await door.fetch(structured(attributes, {}, '/events/ci'), { vouchedBy: 'aws' })).status).toBe(202);
    expect(door.started.size).toBe(2);
  });

  it('is not taken over the wire, whatever the request says of itself', async () => {
    const door = doorOf(trusting);
    const lies = { vouchedby: 'aws', 'x-vouched-by': 'aws', host: 'lambda.invalid', 'x-amzn-trace-id': 'Root=1' };
    for (const path of ['/events/ci', '/events', '/events/ci?vouchedBy=aws'])
      expect((await door.fetch(structured({ ...attributes, vouchedby: 'aws' }, lies, path))).status).toBe(401);
    expect(door.started.size).toBe(0);
  });

  it('is not taken from a Sender that trusts nobody, even so', async () => {
    const { trust: _, ...sender } = trusting;
    const door = doorOf(sender);
    expect((await door.fetch(structured(attributes, {}, '/events/ci'), { vouchedBy: 'aws' })).status).toBe(401);
  });
});

/** As the files have them. */
function sendersOf(text: string): readonly SenderConfig[] {
  const parsed = parseConfig([
    { path: 'mesh.yaml', text: meshText },
    { path: 'ci.yaml', text },
  ]);
  return parsed.ok ? parsed.config.events.senders : [];
}

describe('a queue whose CloudEvents the config trusts', () => {
  const document =
    'apiVersion: tidegate.dev/v1alpha1\nkind: Sender\nmetadata: { name: ci }\nspec: { type: cloudevents, trust: lambda }\n';

  it('hands each of them to Temporal without any secret, and leaves the rest in the queue', async () => {
    const senders = sendersOf(document);
    const door = doorOf(senders[0] as SenderConfig);
    const handler = createLambdaHandler({ app: door, senders: async () => senders, log: { error: () => undefined } });
    const file = join(import.meta.dirname, '../../../fixtures/lambda/sqs.json');
    const answer = await handler(JSON.parse(readFileSync(file, 'utf8')));
    // The second is of ECR, for which no Sender is written; the fourth is neither.
    const left = ['0002', '0004'].map((end) => ({ itemIdentifier: `059f36b4-87a3-44ab-83d2-66197595${end}` }));
    expect(answer).toEqual({ batchItemFailures: left });
    // For two services each.
    expect([...door.started.values()].map(({ event }) => event.id)).toEqual(['b-1', 'b-1', 'sns-1', 'sns-1']);
  });
});
