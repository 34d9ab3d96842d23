/** Node's server in front of the application, with what strangers send it over real sockets. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { startNodeHost, type NodeHost } from '../../../functions/hosts/node.ts';
import { exchange } from '../../support/raw-client.ts';

type Fetch = (request: Request) => Promise<Response>;

async function hosted(fetch: Fetch, use: (host: NodeHost, port: number) => Promise<void>): Promise<void> {
  const host = await startNodeHost({
    app: { fetch },
    listen: { host: '127.0.0.1', port: 0 },
    limits: { headMs: 200, requestMs: 300, lookEveryMs: 50, graceMs: 500 },
  });
  try {
    await use(host, Number(new URL(host.url).port));
  } finally {
    await host.close();
  }
}

const digest: Fetch = async (request) =>
  new Response(
    createHash('sha256')
      .update(new Uint8Array(await request.arrayBuffer()))
      .digest('hex'),
  );

describe('the Node host', () => {
  it('gives the application the bytes that were sent, whatever they are: signatures are made over them', () =>
    hosted(digest, async ({ url }) => {
      const body = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256);
      const response = await fetch(url, { method: 'POST', body });
      expect(await response.text()).toBe(createHash('sha256').update(body).digest('hex'));
    }));

  it('answers a head that is too large 431, and one that does not come 408', () =>
    hosted(digest, async (_, port) => {
      const large = `POST /events HTTP/1.1\r\nhost: x\r\nce-id: ${'x'.repeat(17_000)}\r\n\r\n`;
      expect((await exchange(port, { send: large }, () => true)).text).toMatch(/^HTTP\/1.1 431/);
      expect((await exchange(port, { send: 'POST /events HTTP/1.1\r\nhost: x\r\n' }, () => true)).text).toMatch(
        /^HTTP\/1.1 408/,
      );
    }));

  it('lets no slow body hold its connection: 408, and it is closed', () =>
    hosted(digest, async (_, port) => {
      const send = 'POST /events HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc';
      const { text, closed } = await exchange(port, { send }, () => true);
      expect([text.slice(0, 12), closed]).toEqual(['HTTP/1.1 408', true]);
    }));

  it('finishes what is under way when it is told to stop, takes nothing new, and ends', async () => {
    let [begin, answer] = [(): void => undefined, (): void => undefined];
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const fetched: Fetch = () =>
      new Promise((resolve) => {
        answer = () => resolve(new Response('finished'));
        begin();
      });
    await hosted(fetched, async (host) => {
      const { url } = host;
      const response = fetch(url, { method: 'POST', body: 'x' });
      await begun;
      const closed = host.close();
      await expect(fetch(url)).rejects.toThrow();
      answer();
      expect(await (await response).text()).toBe('finished');
      expect((await response).headers.get('connection')).toBe('close');
      await closed;
    });
  });

  it('does not wait for ever for a request that never ends', async () => {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const host = await startNodeHost({
      app: {
        fetch: () => {
          begin();
          return new Promise(() => undefined);
        },
      },
      listen: { host: '127.0.0.1', port: 0 },
      limits: { graceMs: 100 },
    });
    const ended = fetch(host.url).then(
      () => 'answered',
      () => 'cut',
    );
    await begun;
    await host.close();
    expect(await ended).toBe('cut');
  });

  it('says which address is taken, and what to do', () =>
    hosted(digest, async (_, port) => {
      const twin = startNodeHost({ app: { fetch: digest }, listen: { host: '127.0.0.1', port } });
      await expect(twin).rejects.toMatchObject({ code: 'Invalid', fix: 'choose another address with --listen' });
    }));
});
