/** Each MUST of the web hook specification of CloudEvents 1.0.2 that binds the one who receives, by its section. */
import { describe, expect, it } from '@jest/globals';
import { TidegateError } from '../../../core/values/error.ts';
import { attributes, bodyOf, ciSender, config, post, structured, testDoor } from './front-door.ts';

const register = (headers: Readonly<Record<string, string>>, path = '/events/ci'): Request =>
  new Request(`http://door${path}`, { method: 'OPTIONS', headers });

describe('web hooks, 2.1: the delivery request', () => {
  it('the method MUST be POST: others are answered 405 with Allow', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const response = await testDoor().fetch(new Request('http://door/events', { method }));
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    }
  });

  it('Content-Type MUST be carried with a payload', async () => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 's', 'ce-type': 't' };
    const request = post('/events', null, headers);
    const response = await testDoor().fetch(new Request(request, { body: new Uint8Array([1, 2]) }));
    expect(response.status).toBe(415);
  });
});

describe('web hooks, 2.2: the delivery response', () => {
  it('an accepted event that is not yet processed MUST be answered 202', async () => {
    const response = await testDoor().fetch(structured(attributes));
    expect(response.status).toBe(202);
  });

  it('a processed one with a payload MUST be answered 200 with a Content-Type', async () => {
    const door = testDoor();
    await door.fetch(structured(attributes));
    for (const id of door.started.keys())
      door.results.set(id, { outcome: 'refused', reason: 'there is no such version', workflowId: '', runId: '' });
    const response = await door.fetch(structured(attributes, { prefer: 'respond-async, wait=5' }));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(response.headers.get('preference-applied')).toBe('wait');
    expect(JSON.stringify(await bodyOf(response))).toContain('there is no such version');
  });

  it('what is not known in time is 202, although the sender waited', async () => {
    const response = await testDoor().fetch(structured(attributes, { prefer: 'wait=1' }));
    expect(response.status).toBe(202);
  });

  it('no answer MUST be a redirect', async () => {
    for (const path of ['/events/', '/Events', '//events', '/events/ci/', '/']) {
      const { status } = await testDoor().fetch(structured(attributes, {}, path));
      expect([200, 202, 404]).toContain(status);
    }
  });

  it('429 MUST include Retry-After', async () => {
    const door = testDoor();
    door.state.config = { ...config, events: { ...config.events, senders: [{ ...ciSender, perMinute: 6, burst: 1 }] } };
    expect((await door.fetch(structured(attributes))).status).toBe(202);
    const refused = await door.fetch(structured(attributes));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    door.state.nowMs += 10_000;
    expect((await door.fetch(structured(attributes))).status).toBe(202);
  });

  it('a format that is not understood MUST be answered 415', async () => {
    const response = await testDoor().fetch(post('/events', '<a/>', { 'content-type': 'application/xml' }));
    expect([response.status, response.headers.get('content-type')]).toEqual([415, 'application/problem+json']);
  });
});

describe('web hooks, 3: both ways to show a token MUST be supported', () => {
  const anonymous = (path: string, headers: Readonly<Record<string, string>> = {}): Request =>
    new Request(`http://door${path}`, {
      method: 'POST',
      body: JSON.stringify(attributes),
      headers: { 'content-type': 'application/cloudevents+json', ...headers },
    });

  it('the header, with each of two secrets', async () => {
    for (const token of ['s3cret-new', 's3cret-old'])
      expect((await testDoor().fetch(anonymous('/events', { authorization: `Bearer ${token}` }))).status).toBe(202);
  });

  it('the query, which no log ever sees; the answer is private', async () => {
    const door = testDoor();
    const response = await door.fetch(anonymous('/events?a=b&access_token=s3cret-new'));
    expect([response.status, response.headers.get('cache-control')]).toEqual([202, 'private, no-store']);
    expect(JSON.stringify(door.lines)).not.toContain('s3cret');
  });

  it('a wrong one, another scheme, and none at all are 401, and start nothing', async () => {
    const door = testDoor();
    for (const request of [
      anonymous('/events'),
      anonymous('/events', { authorization: 'Bearer s3cret' }),
      anonymous('/events', { authorization: 'Bearer ' }),
      anonymous('/events', { authorization: 'Basic s3cret-new' }),
      anonymous('/events?access_token='),
    ]) {
      const response = await door.fetch(request);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
    expect(door.started.size).toBe(0);
  });

  it('a sender whose secrets are all empty lets nobody in', async () => {
    const door = testDoor({ tools: { secrets: async () => ['', ''], verifyToken: async () => ({}) } });
    expect((await door.fetch(anonymous('/events', { authorization: 'Bearer ' }))).status).toBe(401);
  });
});

describe('web hooks, 4: abuse protection', () => {
  it('consent MUST be both headers, the origin as it was asked, the rate as it is granted', async () => {
    const response = await testDoor().fetch(
      register({ 'webhook-request-origin': 'emitter.example.com', 'webhook-request-rate': '120' }),
    );
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'webhook-allowed-origin': 'emitter.example.com',
      'webhook-allowed-rate': '120',
      allow: 'POST, OPTIONS',
    });
  });

  it('no more than the sender may send is granted, and a rate is granted unasked, too', async () => {
    for (const asked of [{ 'webhook-request-rate': '100000' }, {}]) {
      const request = register({ 'webhook-request-origin': 'EMITTER.example.com', ...asked }, '/events');
      const response = await testDoor().fetch(request);
      expect(response.headers.get('webhook-allowed-rate')).toBe('600');
    }
  });

  it('others get neither header, whatever the status; a callback is never called', async () => {
    for (const headers of [
      { 'webhook-request-origin': 'evil.example.com', 'webhook-request-callback': 'http://127.0.0.1/' },
      { 'webhook-request-rate': '1' },
      { 'webhook-request-origin': 'emitter.example.com', 'webhook-request-rate': '0' },
    ]) {
      const response = await testDoor().fetch(register(headers));
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect([...response.headers.keys()].filter((name) => name.startsWith('webhook-'))).toEqual([]);
    }
    expect((await testDoor().fetch(register({ 'webhook-request-origin': 'x' }, '/events/none'))).status).toBe(404);
  });
});

describe('what a sender is answered while Temporal is down', () => {
  it('is 503 with Retry-After, and never a 2xx; nothing of why goes out', async () => {
    const door = testDoor();
    door.state.temporal = new TidegateError('Unavailable', 'gRPC 14: 10.0.0.7:7233 refused');
    const response = await door.fetch(structured(attributes));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(JSON.stringify(await bodyOf(response))).not.toContain('10.0.0.7');
    expect(JSON.stringify(door.lines)).toContain('10.0.0.7');
  });
});
