/**
 * The official CloudEvents SDKs of Go and Python as real clients of the Node host (TIDEGATE_TESTS=full: they are obtained at
 * the first time, which takes a minute).
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '../../../core/events/cloud-event.ts';
import { binaryMessage, structuredMessage } from '../../../core/events/out/encode.ts';
import { startNodeHost, type NodeHost } from '../../../functions/hosts/node.ts';
import {
  receiveBySdk,
  sendBySdk,
  type Language,
  type Order,
  type StructuredEvent,
} from '../../support/interop/sdks.ts';
import { assertEventually } from '../../support/eventually.ts';
import { testDoor } from '../../unit/functions/front-door.ts';

const isFull = process.env['TIDEGATE_TESTS'] === 'full';
const OBTAIN_MS = 300_000;

const door = testDoor();
let host: NodeHost;

beforeAll(async () => {
  host = await startNodeHost({ app: door, listen: { host: '127.0.0.1', port: 0 } });
});
afterAll(() => host.close());

const json = (language: Language, mode: string): StructuredEvent => ({
  specversion: '1.0',
  id: `${language}-${mode}`,
  source: '/ci/acme',
  type: 'dev.example.built',
  // The SDK of Go writes headers as they are, which the HTTP binding forbids (3.1.3.2): a "%" of its own is refused by us.
  subject: language === 'go' ? 'acme/checkout:1.4.0' : 'a "quoted" 100 % größer',
  time: '2026-11-16T01:54:34Z',
  datacontenttype: 'application/json',
  sequence: '7',
  data: { text: 'größer ≤ 10', zero: 0, list: [1, null] },
});

/** What the front door has handed on of that event, in the form of the SDKs. */
function handedOn(id: string): unknown {
  const found = [...door.started.values()].find(({ event }) => event.id === id)?.event;
  const { extensions, ...rest } = found ?? { extensions: {} };
  return { ...rest, ...extensions };
}

const send = (language: Language, orders: readonly Order[], token: string) =>
  sendBySdk(language, { url: `${host.url}/events`, token, orders });

(isFull ? describe : describe.skip)('the official SDKs', () => {
  for (const language of ['go', 'python'] as const)
    for (const mode of ['binary', 'structured'] as const)
      it(
        `of ${language} send in ${mode} mode, and every attribute arrives as it was`,
        async () => {
          const event = json(language, mode);
          const answers = await send(language, [{ mode, event }], 's3cret-new');
          expect(answers.map(({ status }) => status)).toEqual([202]);
          expect(handedOn(`${language}-${mode}`)).toEqual(event);
        },
        OBTAIN_MS,
      );

  it(
    'of go send a batch, whose elements are answered one by one',
    async () => {
      const events = [json('go', 'batch-1'), json('go', 'batch-2')];
      const [answer] = await send('go', [{ mode: 'batch', events }], 's3cret-new');
      expect(answer?.status).toBe(202);
      expect(handedOn('go-batch-2')).toEqual(events[1]);
    },
    OBTAIN_MS,
  );

  it.each(['go', 'python'] as const)(
    'of %s are refused without the token',
    async (language) => {
      const [answer] = await send(language, [{ mode: 'binary', event: json(language, 'refused') }], 'wrong');
      expect(answer?.status).toBe(401);
      expect(handedOn(`${language}-refused`)).toEqual({});
    },
    OBTAIN_MS,
  );

  it.each(
    (['go', 'python'] as const).flatMap((language) =>
      (['binary', 'structured'] as const).map((mode) => [language, mode] as const),
    ),
  )(
    'of %s receive in %s mode what sinks are sent, attribute by attribute',
    async (language, mode) => {
      const receiver = await receiveBySdk(language);
      try {
        const event: CloudEvent = {
          ...{ specversion: '1.0', id: `out-${mode}`, source: '/tidegate/default', type: 'dev.tidegate.rollout.ended' },
          ...{ time: '2026-11-16T01:54:34Z', datacontenttype: 'application/json', data: { outcome: 'promoted' } },
          extensions: { sequence: '7' },
        };
        const message = mode === 'binary' ? binaryMessage(event) : structuredMessage(event);
        const answer = await fetch(receiver.url, { method: 'POST', ...message });
        expect(answer.ok).toBe(true);
        const { extensions, ...rest } = event;
        await assertEventually(async () => expect(receiver.received).toEqual([{ ...rest, ...extensions }]));
      } finally {
        await receiver.stop();
      }
    },
    OBTAIN_MS,
  );
});
