/** Sinks on real sockets: slow, dead, failing for a while, gone, redirecting; and what they verify of a signature. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { deliverEvents } from '../../../activities/tell/deliver-events.ts';
import type { TellDeps } from '../../../activities/tell/ports.ts';
import type { SinkConfig } from '../../../core/config/events/types.ts';
import { withCdEvents } from '../../../core/events/out/cd-events.ts';
import { newsType } from '../../../core/events/out/news.ts';
import { createSinkClient } from '../../../platform/http/sink-client.ts';
import { testPlan } from '../../support/plans.ts';
import { tellActivity } from '../../support/tell-activity.ts';
import { tell } from '../../unit/events/out/told.ts';

const secrets = {
  OLD: `whsec_${Buffer.from('o'.repeat(32)).toString('base64')}`,
  NEW: `whsec_${Buffer.from('n'.repeat(32)).toString('base64')}`,
};
const events = tell(testPlan({ shares: [1_000_000] })).events;
const [started] = events;

interface Got {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Reply = (n: number) => { readonly status: number; readonly headers?: Record<string, string> } | 'hang';

const open: Server[] = [];
const client = createSinkClient({ deadlineMs: 500 });

async function sinkServer(reply: Reply): Promise<{ url: string; got: Got[] }> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      got.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      const said = reply(got.length);
      if (said === 'hang') return;
      response.writeHead(said.status, said.headers).end('said');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`, got };
}

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const httpSink = (url: string, more: object = {}): SinkConfig => ({
  ...{ name: 'ops', type: 'http', to: { url }, events: [newsType('started')], filter: '', temporalUi: '' },
  ...{ secrets: [], mode: 'structured', ...more },
});

function depsOf(sink: SinkConfig): TellDeps {
  return {
    readSinks: async () => [sink],
    secret: async (ref) => ('env' in ref ? (secrets[ref.env as keyof typeof secrets] ?? '') : ''),
    ...{ client, nowMs: () => Date.now() },
    activity: tellActivity(),
  };
}

const sending = (sink: SinkConfig, some = started === undefined ? [] : [started]) => {
  const deps = depsOf(sink);
  return () => deliverEvents(deps, { sink: 'ops', events: some });
};

describe('a sink over HTTP', () => {
  it('is signed with both secrets, and each is accepted by standardwebhooks and by svix', async () => {
    const { url, got } = await sinkServer(() => ({ status: 204 }));
    await sending(httpSink(url, { secrets: [{ env: 'OLD' }, { env: 'NEW' }] }))();
    const [{ body, headers } = { body: '', headers: {} }] = got;
    for (const secret of Object.values(secrets))
      for (const verifier of [new Webhook(secret), new SvixWebhook(secret)]) {
        expect(() => verifier.verify(body, headers as Record<string, string>)).not.toThrow();
        expect(() => verifier.verify(`${body} `, headers as Record<string, string>)).toThrow();
      }
  });

  it('hears the CDEvents too where it wants them, in binary mode with the attributes as headers', async () => {
    const { url, got } = await sinkServer(() => ({ status: 200 }));
    const sent = await sending(
      httpSink(url, { mode: 'binary', events: ['dev.cdevents.*', 'dev.tidegate.*'] }),
      events,
    )();
    const all = events.flatMap((event) => withCdEvents(event, 'urn:x'));
    expect(sent).toEqual({ sent: all.length, refused: [], retired: '' });
    expect(got.map(({ headers }) => headers['ce-id'])).toEqual(all.map(({ id }) => id));
    expect(got[0]?.headers).toMatchObject({ 'ce-specversion': '1.0', 'content-type': 'application/json' });
  });

  it('that fails for a while gets what it did not take, and nothing twice', async () => {
    const { url, got } = await sinkServer((n) => ({ status: n === 2 ? 500 : 200 }));
    const send = sending(httpSink(url, { events: ['dev.tidegate.*'] }), events.slice(0, 3));
    await expect(send()).rejects.toMatchObject({ code: 'Unavailable' });
    expect(await send()).toMatchObject({ sent: 3 });
    expect(got.map(({ body }) => (JSON.parse(body) as { id: string }).id)).toEqual(
      [0, 1, 1, 2].map((i) => events[i]?.id),
    );
  });

  it.each([
    ['slow', () => sinkServer(() => 'hang')],
    ['dead', async () => ({ url: 'http://127.0.0.1:1/in', got: [] })],
  ])('that is %s is tried again later', async (_, make) => {
    const { url } = await make();
    await expect(sending(httpSink(url))()).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('that asks for patience is left alone so long', async () => {
    const { url } = await sinkServer(() => ({ status: 429, headers: { 'retry-after': '7' } }));
    await expect(sending(httpSink(url))()).rejects.toMatchObject({ code: 'Throttled', retryAfterMs: 7_000 });
  });

  it('that is gone (410) is told nothing more', async () => {
    const { url, got } = await sinkServer(() => ({ status: 410 }));
    const told = await sending(httpSink(url, { events: ['dev.tidegate.*'] }), events.slice(0, 3))();
    expect(told.retired).toContain('410');
    expect(told.refused).toHaveLength(3);
    expect(got).toHaveLength(1);
  });

  it('that redirects is refused: only the addresses of the config are told', async () => {
    const other = await sinkServer(() => ({ status: 200 }));
    const { url } = await sinkServer(() => ({ status: 307, headers: { location: other.url } }));
    const { refused } = await sending(httpSink(url))();
    expect(refused[0]?.reason).toContain('none is followed');
    expect(other.got).toEqual([]);
  });

  it('whose secret address is no https URL is refused without a word of it', async () => {
    const sink = httpSink('', { to: { from: { env: 'BAD' } } });
    const deps = { ...depsOf(sink), secret: async () => 'http://10.0.0.1/hidden' };
    const { refused } = await deliverEvents(deps, { sink: 'ops', events: started === undefined ? [] : [started] });
    expect(refused[0]?.reason).toContain('would be told over http:');
    expect(refused[0]?.reason).not.toContain('hidden');
  });

  it('that is not in the config is waited for', async () => {
    const deps = depsOf(httpSink('https://x.example'));
    await expect(deliverEvents(deps, { sink: 'gone', events: [] })).rejects.toMatchObject({ code: 'Unavailable' });
  });
});
