import { describe, expect, it } from '@jest/globals';
import { TidegateError } from '../../../core/values/error.ts';
import { attributes, batch, bodyOf, ciSender, config, post, structured, testDoor } from './front-door.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('an event that is accepted', () => {
  it('is one workflow per trigger and service, and the answer names them', async () => {
    const door = testDoor();
    const body = await bodyOf(await door.fetch(structured(attributes)));
    expect([...door.started.values()].map(({ service, trigger, by }) => [service, trigger, by.name])).toEqual([
      ['checkout', 'on-push', 'ci'],
      ['cart', 'on-push', 'ci'],
    ]);
    expect(body).toMatchObject({ matched: 2, handled: [{ service: 'shop/checkout', duplicate: false }, {}] });
    expect([...door.started.keys()].every((id) => /^event:default:[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it('that comes again is a duplicate, accepted and started nothing; another source or id is another event', async () => {
    const door = testDoor();
    await door.fetch(structured(attributes));
    const again = await door.fetch(structured({ ...attributes, subject: 'sent once more' }));
    expect(again.status).toBe(202);
    expect(await bodyOf(again)).toMatchObject({ handled: [{ duplicate: true }, { duplicate: true }] });
    expect(door.started.size).toBe(2);
    await door.fetch(structured({ ...attributes, source: '/ci/' }));
    await door.fetch(structured({ ...attributes, id: 'a-2' }));
    expect(door.started.size).toBe(6);
  });

  it('that no trigger hears is 202 with {"matched": 0}', async () => {
    const door = testDoor();
    door.state.config = { ...config, events: { ...config.events, triggers: [] } };
    const response = await door.fetch(structured(attributes));
    expect([response.status, await response.text()]).toEqual([202, '{"matched":0}']);
  });

  it('carries the trace of its request, unless it has one of its own', async () => {
    const door = testDoor();
    await door.fetch(structured(attributes, { traceparent, tracestate: 'a=b' }));
    await door.fetch(structured({ ...attributes, id: '2', traceparent: 'own' }, { traceparent }));
    await door.fetch(structured({ ...attributes, id: '3' }, { traceparent: traceparent.replace(/^00/, 'ff') }));
    const extensions = [...door.started.values()]
      .filter(({ service }) => service === 'cart')
      .map(({ event }) => event.extensions);
    expect(extensions).toEqual([{ traceparent, tracestate: 'a=b' }, { traceparent: 'own' }, {}]);
  });
});

describe('a batch', () => {
  it('is answered element by element: a wrong one does not take the others with it', async () => {
    const door = testDoor();
    const response = await door.fetch(batch([attributes, { ...attributes, id: '' }]));
    expect(response.status).toBe(202);
    expect(await bodyOf(response)).toMatchObject({
      matched: 2,
      elements: [{ matched: 2 }, { status: 400, at: '[1].id', detail: '[1].id is empty' }],
    });
    expect(door.started.size).toBe(2);
  });

  it('without a valid event is 400; an empty one is nothing to do; one of one is a list, too', async () => {
    const door = testDoor();
    const wrong = await door.fetch(batch([{}]));
    expect([wrong.status, wrong.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    expect((await bodyOf(wrong))['elements']).toHaveLength(1);
    expect(await bodyOf(await door.fetch(batch([])))).toEqual({ matched: 0, elements: [] });
    expect(await bodyOf(await door.fetch(batch([attributes])))).toHaveProperty('elements');
  });

  it('is 503 as a whole when Temporal goes in mid-batch: sent again, what was started is a duplicate', async () => {
    const door = testDoor();
    const events = Array.from({ length: 40 }, (_, i) => ({ ...attributes, id: `b-${i}` }));
    const set = door.started.set.bind(door.started);
    door.started.set = (id, input) => {
      if (door.started.size === 32) door.state.temporal = new TidegateError('Unavailable', 'gone');
      return set(id, input);
    };
    expect((await door.fetch(batch(events))).status).toBe(503);
    door.started.set = set;
    door.state.temporal = 'up';
    const again = await door.fetch(batch(events));
    expect(again.status).toBe(202);
    expect(door.started.size).toBe(80);
    expect(await again.text()).toContain('"duplicate":true');
  });
});

describe('what is refused', () => {
  it('is a problem of RFC 9457 that names the attribute', async () => {
    const response = await testDoor().fetch(structured({ ...attributes, time: 'now' }));
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await bodyOf(response)).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'time is no timestamp of RFC 3339: write 2026-11-28T06:00:00Z',
      at: 'time',
    });
  });

  it('has the status that belongs to it', async () => {
    const door = testDoor();
    const statusOf = async (request: Request): Promise<number> => (await door.fetch(request)).status;
    expect(await statusOf(structured(attributes, {}, '/events/nobody'))).toBe(404);
    expect(await statusOf(structured(attributes, {}, '/elsewhere'))).toBe(404);
    expect(await statusOf(structured(attributes, { 'content-encoding': 'gzip' }))).toBe(415);
    expect(await statusOf(structured({ ...attributes, data: 'x'.repeat(1_048_576) }))).toBe(413);
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    const endless = new Request('http://door/events', { method: 'POST', body: stream, duplex: 'half' });
    expect(await statusOf(endless)).toBe(413);
    expect(door.started.size).toBe(0);
  });

  it('is 404 for everybody where no sender of CloudEvents is configured', async () => {
    const door = testDoor();
    door.state.config = { ...config, events: { ...config.events, senders: [] } };
    expect((await door.fetch(structured(attributes))).status).toBe(404);
  });

  it('by a fault of our own is 500, tells nothing, and is logged', async () => {
    const door = testDoor({
      tools: { secrets: () => Promise.reject(new Error('at /etc/x')), verifyToken: async () => ({}) },
    });
    const response = await door.fetch(structured(attributes));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('/etc/x');
    expect(door.lines.some(({ level }) => level === 'error')).toBe(true);
  });
});

describe('senders of one type', () => {
  it('are tried one after the other: whoever is known is himself, and nobody else is anybody', async () => {
    const door = testDoor({
      tools: {
        secrets: async ({ name }) => [name === 'ci' ? 's3cret-new' : 'another'],
        verifyToken: async () => ({}),
      },
    });
    const open = { ...ciSender, name: 'anybody', allowUnauthenticated: true };
    const other = { ...ciSender, name: 'other' };
    door.state.config = { ...config, events: { ...config.events, senders: [open, other, ciSender] } };
    const body = await bodyOf(await door.fetch(structured(attributes)));
    expect(body).toMatchObject({ matched: 2 });
    expect([...door.started.values()].every(({ sender }) => sender === 'ci')).toBe(true);
    const unknown = structured(attributes, { authorization: 'Bearer x' });
    expect(await bodyOf(await door.fetch(unknown))).toEqual({ matched: 0 });
  });
});

describe('what operators see', () => {
  it('healthz says that the process answers, and nothing else can change that', async () => {
    const door = testDoor();
    door.state.temporal = new TidegateError('Unavailable', 'gone');
    expect((await door.fetch(new Request('http://door/healthz'))).status).toBe(200);
  });

  it('readyz is 503 without Temporal and without any config, and says when an older config stands in', async () => {
    const door = testDoor();
    const ready = async (): Promise<[number, Record<string, unknown>]> => {
      const response = await door.fetch(new Request('http://door/readyz'));
      return [response.status, await bodyOf(response)];
    };
    expect(await ready()).toEqual([200, { ready: true, config: 'as the files say', temporal: 'reachable' }]);
    door.state.config = { ...config, fault: 'has faults; what was read at … goes on' };
    expect(await ready()).toMatchObject([200, { config: 'has faults; what was read at … goes on' }]);
    door.state.config = new TidegateError('Unavailable', 'mesh.yaml:3: password is wrong');
    const [status, body] = await ready();
    expect([status, JSON.stringify(body).includes('password')]).toEqual([503, false]);
    expect((await door.fetch(structured(attributes))).status).toBe(503);
    door.state.config = config;
    door.state.temporal = new TidegateError('Unavailable', 'gone');
    expect((await ready())[0]).toBe(503);
  });

  it('metrics count requests by sender and status, events by outcome, and strangers make no series', async () => {
    const door = testDoor();
    await door.fetch(structured(attributes));
    await door.fetch(structured(attributes));
    await door.fetch(batch([{}, attributes]));
    for (let i = 0; i < 10; i += 1) await door.fetch(structured(attributes, {}, `/events/guess-${i}`));
    const text = await (await door.fetch(new Request('http://door/metrics'))).text();
    expect(text).toContain('tidegate_front_door_requests_total{sender="ci",status="202"} 3');
    expect(text).toContain('tidegate_front_door_requests_total{sender="",status="404"} 10');
    expect(text).toContain('tidegate_front_door_events_total{sender="ci",outcome="matched"} 2');
    expect(text).toContain('tidegate_front_door_events_total{sender="ci",outcome="duplicate"} 4');
    expect(text).toContain('tidegate_front_door_events_total{sender="ci",outcome="refused"} 1');
    expect(text).toContain('tidegate_front_door_own_seconds_bucket{route="/events",le="+Inf"} 3');
    expect(text).not.toContain('guess');
  });

  it('the log tells route, sender, status and workflow, and no path, header or body', async () => {
    const door = testDoor();
    await door.fetch(
      post('/events/ci/s3cret-path?access_token=s3cret-q', JSON.stringify({ ...attributes, data: 's3cret-body' }), {
        'content-type': 'application/cloudevents+json',
        cookie: 's3cret-cookie',
        'x-signature': 's3cret-signature',
      }),
    );
    expect(door.lines).toMatchObject([
      { level: 'info', fields: { route: '/events/{sender}', sender: 'ci', status: 202 } },
    ]);
    expect(JSON.stringify(door.lines)).not.toContain('s3cret');
  });
});
