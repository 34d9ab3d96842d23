import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { SenderConfig } from '../../../../core/config/events/types.ts';
import {
  createLambdaHandler,
  type BatchAnswer,
  type LambdaHandler,
} from '../../../../functions/hosts/lambda/handler.ts';
import type { HttpAnswer } from '../../../../functions/hosts/lambda/http.ts';
import type { Vouched } from '../../../../functions/senders/sender.ts';

type Json = Record<string, unknown>;

const invocation = (name: string): Json =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../../fixtures/lambda/${name}.json`), 'utf8')) as Json;

const bodyText = '{\r\n  "action": "published",\r\n  "note": "größer ≤ 10 🚢"\r\n}';

interface Heard {
  readonly request: Request;
  readonly body: Buffer;
  readonly host: Vouched | undefined;
}

const sender = (name: string, type: string, more: Partial<SenderConfig> = {}): SenderConfig => ({
  ...{ name, type, secrets: [], allowUnauthenticated: false, perMinute: 600, burst: 100, allowedOrigins: [] },
  ...more,
});
const trusting = [
  sender('registry', 'aws-ecr', { trust: 'lambda' }),
  sender('ci', 'cloudevents', { trust: 'lambda' }),
  sender('other', 'cloudevents'),
];

interface World {
  readonly handler: LambdaHandler;
  readonly heard: Heard[];
  readonly logged: Readonly<Record<string, unknown>>[];
}

const accepted = (): Response => new Response('', { status: 202 });

function world(answer: (heard: Heard) => Response = accepted, senders: readonly SenderConfig[] = trusting): World {
  const heard: Heard[] = [];
  const logged: Readonly<Record<string, unknown>>[] = [];
  const handler = createLambdaHandler({
    app: {
      fetch: async (request, host) => {
        const one = { request, host, body: Buffer.from(await request.clone().arrayBuffer()) };
        heard.push(one);
        return answer(one);
      },
    },
    senders: async () => senders,
    log: { error: (fields) => void logged.push(fields) },
  });
  return { handler, heard, logged };
}

const only = <T>(all: readonly T[]): T => {
  expect(all).toHaveLength(1);
  return all[0] as T;
};
const http = ['api-gateway-v1', 'api-gateway-v2', 'function-url', 'load-balancer', 'load-balancer-multi-value'];

describe('a request that AWS hands over', () => {
  it.each(http)('reaches the app byte for byte, for signatures are over these bytes: %s', async (name) => {
    const { handler, heard } = world();
    await handler(invocation(name));
    const { request, body, host } = only(heard);
    const hmac = (of: Buffer | string): string => createHmac('sha256', 'secret').update(of).digest('hex');
    expect(hmac(body)).toBe(hmac(bodyText));
    expect(request.method).toBe('POST');
    expect(new URL(request.url).pathname).toBe('/events/github');
    expect(request.headers.get('x-github-event')).toBe('registry_package');
    expect(request.headers.get('content-type')).toBe('application/json');
    expect(host).toBeUndefined();
  });

  it.each(['api-gateway-v1', 'api-gateway-v2', 'load-balancer-multi-value'])(
    'keeps repeated headers and the query as they were sent, each coded once: %s',
    async (name) => {
      const { handler, heard } = world();
      await handler(invocation(name));
      const { request } = only(heard);
      const { searchParams } = new URL(request.url);
      expect(searchParams.getAll('tag')).toEqual(['a', 'b&c']);
      expect(searchParams.get('note')).toBe('a b');
      expect(request.headers.get('x-repeated')?.replace(', ', ',')).toBe('first,second');
    },
  );

  it('has the cookies that the second format keeps apart', async () => {
    const { handler, heard } = world();
    await handler(invocation('api-gateway-v2'));
    expect(only(heard).request.headers.get('cookie')).toBe('one=1; two=2');
  });

  it('loses the stage only where the stage is the whole first segment', async () => {
    const { handler, heard } = world();
    for (const rawPath of ['/prod', '/production', '/prod/events'])
      await handler({ ...invocation('api-gateway-v2'), rawPath });
    expect(heard.map(({ request }) => new URL(request.url).pathname)).toEqual(['/', '/production', '/events']);
  });

  it('has a path that stays a path where AWS has decoded it', async () => {
    const { handler, heard } = world();
    await handler({ ...invocation('function-url'), rawPath: '/approve/a?b#c' });
    expect(new URL(only(heard).request.url).pathname).toBe('/approve/a%3Fb%23c');
  });

  it('has headers of bytes as Node has them, so that a check of a signature sees the same', async () => {
    const { handler, heard } = world();
    await handler({ ...invocation('function-url'), headers: { host: 'a.example', 'ce-subject': 'größer' } });
    expect(Buffer.from(only(heard).request.headers.get('ce-subject') ?? '', 'latin1').toString('utf8')).toBe('größer');
  });

  it.each([
    ['a header with a line break', { headers: { host: 'a.example', x: 'a\r\nb' } }],
    ['a host that is none', { headers: { host: 'a b' } }],
  ])('is answered 400, not an error of the function, when it has %s', async (_, wrong) => {
    const { handler, heard } = world();
    const answer = (await handler({ ...invocation('function-url'), ...wrong })) as HttpAnswer;
    expect(answer.statusCode).toBe(400);
    expect(heard).toEqual([]);
  });

  it('may be a GET, whatever body AWS invents for it', async () => {
    const { handler, heard } = world();
    await handler({ ...invocation('load-balancer'), httpMethod: 'GET', body: '' });
    await handler({ ...invocation('load-balancer'), httpMethod: 'GET', body: 'x' });
    expect(heard.map(({ body }) => body.length)).toEqual([0, 0]);
  });

  it('cannot pose as an event of AWS, whatever its body says', async () => {
    const { handler, heard } = world();
    await handler({ ...invocation('function-url'), ...invocation('eventbridge-ecr'), version: '2.0' });
    await handler({ ...invocation('load-balancer'), ...invocation('sqs') });
    expect(heard.map(({ host }) => host)).toEqual([undefined, undefined]);
  });
});

describe('the answer to a request', () => {
  const said = (): Response => {
    const headers = new Headers({ 'content-type': 'application/problem+json', 'retry-after': '5' });
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    return new Response('{"detail":"größer"}', { status: 503, headers });
  };
  const common = { statusCode: 503, body: '{"detail":"größer"}', isBase64Encoded: false };
  const plain = { 'content-type': 'application/problem+json', 'retry-after': '5' };

  it.each(['api-gateway-v2', 'function-url'])(
    'has cookies in a place of their own in the second format: %s',
    async (name) => {
      expect(await world(said).handler(invocation(name))).toEqual({
        ...common,
        headers: plain,
        cookies: ['a=1', 'b=2'],
      });
    },
  );

  it.each(['api-gateway-v1', 'load-balancer-multi-value'])(
    'repeats headers where the request did: %s',
    async (name) => {
      expect(await world(said).handler(invocation(name))).toEqual({
        ...common,
        multiValueHeaders: {
          'content-type': ['application/problem+json'],
          'retry-after': ['5'],
          'set-cookie': ['a=1', 'b=2'],
        },
      });
    },
  );

  it('has single headers for a load balancer that knows no others', async () => {
    expect(await world(said).handler(invocation('load-balancer'))).toEqual({
      ...common,
      headers: { ...plain, 'set-cookie': 'a=1' },
    });
  });

  it('carries bytes that are no text in base64', async () => {
    const bytes = new Uint8Array([0xff, 0x00, 0xfe]);
    const answer = (await world(() => new Response(bytes)).handler(invocation('function-url'))) as HttpAnswer;
    expect(answer).toMatchObject({ body: '/wD+', isBase64Encoded: true });
  });
});

describe('an event of EventBridge', () => {
  it('reaches the Sender that trusts Lambda, vouched for by AWS', async () => {
    const { handler, heard } = world();
    expect(await handler(invocation('eventbridge-ecr'))).toBeUndefined();
    const { request, body, host } = only(heard);
    expect(new URL(request.url).pathname).toBe('/events/registry');
    expect(host).toEqual({ vouchedBy: 'aws' });
    expect(JSON.parse(body.toString())).toEqual(invocation('eventbridge-ecr'));
  });

  it.each([503, 500, 429, 400, 401])(
    'is an error when the app says %i, so that Lambda asks again and at last keeps it in the dead letters',
    async (status) => {
      const { handler } = world(() => new Response('why', { status }));
      await expect(handler(invocation('eventbridge-ecr'))).rejects.toThrow(`sender registry: ${status} why`);
    },
  );

  it('is refused by name when no Sender says that it trusts Lambda, or two do', async () => {
    const none = world(accepted, [sender('registry', 'aws-ecr')]);
    await expect(none.handler(invocation('eventbridge-ecr'))).rejects.toThrow(
      'no Sender of type aws-ecr says trust: lambda',
    );
    const two = world(accepted, [...trusting, sender('second', 'aws-ecr', { trust: 'lambda' })]);
    await expect(two.handler(invocation('eventbridge-ecr'))).rejects.toThrow('(registry, second)');
    expect([...none.heard, ...two.heard]).toEqual([]);
  });

  it('is refused when it is of another kind, for no Sender knows it', async () => {
    const other = { ...invocation('eventbridge-ecr'), source: 'aws.s3', 'detail-type': 'Object Created' };
    await expect(world().handler(other)).rejects.toThrow('"Object Created" of aws.s3');
  });
});

describe('a batch of a queue', () => {
  const failures = (answer: unknown): readonly string[] =>
    (answer as BatchAnswer).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier.slice(-4));

  it('is a CloudEvent, an event of EventBridge, or either from SNS; what is neither stays in the queue', async () => {
    const { handler, heard, logged } = world();
    expect(failures(await handler(invocation('sqs')))).toEqual(['0004']);
    expect(heard.map(({ request }) => new URL(request.url).pathname)).toEqual([
      '/events/ci',
      '/events/registry',
      '/events/ci',
    ]);
    expect(heard.map(({ body }) => (JSON.parse(body.toString()) as Json)['id'])).toEqual([
      'b-1',
      '13cde686-328b-6117-af20-0e5566167482',
      'sns-1',
    ]);
    expect(heard.every(({ host }) => host?.vouchedBy === 'aws')).toBe(true);
    expect(only(logged)['messageId']).toBe('059f36b4-87a3-44ab-83d2-661975950004');
  });

  it('is answered in parts: only the messages that Temporal did not take come again', async () => {
    const { handler } = world(({ body }) => new Response('', { status: body.includes('sns-1') ? 503 : 202 }));
    expect(failures(await handler(invocation('sqs')))).toEqual(['0003', '0004']);
  });

  it('with an order stops at the first failure, so that nothing passes it', async () => {
    const { handler, heard } = world(({ body }) => new Response('', { status: body.includes('f-2') ? 503 : 202 }));
    expect(failures(await handler(invocation('sqs-fifo')))).toEqual(['0002', '0003']);
    expect(heard).toHaveLength(2);
  });

  it('keeps an id that is beyond JavaScript as it was written', async () => {
    const { handler, heard } = world();
    const [first] = (invocation('sqs') as { Records: Json[] }).Records;
    const text = '{"specversion":"1.0","id":"1","source":"/a","type":"t","data":{"n":12345678901234567890}}';
    await handler({ Records: [{ ...first, body: text }] });
    expect(only(heard).body.toString()).toBe(text);
  });

  it('of many messages is handed on a few at a time, and every failure is named', async () => {
    const [first] = (invocation('sqs') as { Records: Json[] }).Records;
    const records = Array.from({ length: 37 }, (_, i) => ({ ...first, messageId: `m-${String(i).padStart(2, '0')}` }));
    const { handler, heard } = world(() => new Response('', { status: 503 }));
    expect(failures(await handler({ Records: records }))).toHaveLength(37);
    expect(heard).toHaveLength(37);
  });
});

describe('an invocation of another kind', () => {
  it.each([[{}], [null], ['x'], [{ Records: [] }], [{ Records: [{ EventSource: 'aws:sns' }] }]])(
    'is an error that says how the function is invoked: %j',
    async (strange) => {
      await expect(world().handler(strange)).rejects.toThrow('no request, no event of EventBridge and no batch of SQS');
    },
  );
});
