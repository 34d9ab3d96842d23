import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { senderMakeNames } from '../../../core/config/events/makes.ts';
import {
  bodyOf,
  cases,
  fixtures,
  nameOf,
  nowMs,
  oldSecret,
  oneOfEach,
  receive,
  secret,
  send,
  signedRequest,
  statusOf,
  toolsOf,
  wrongSecret,
} from './cases.ts';

const named = (list: typeof cases) => list.map((one) => [nameOf(one), one] as const);
const answers: readonly string[] = ['azure-container-registry/ping', 'distribution/layer', 'slack/url-verification'];

describe('a sender of every make', () => {
  it('has a case here, or nothing is known of it', () => {
    expect([...new Set(cases.map(({ make }) => make))].sort()).toEqual([...senderMakeNames].sort());
  });

  it.each(named(cases))('%s: becomes what is expected', async (name, one) => {
    const path = `${fixtures}/${name}.expected.json`;
    const reception = await send(one);
    expect(reception.kind).toBe(answers.includes(name) ? 'answer' : 'events');
    if (process.env['UPDATE_GOLDEN'] === '1' || !existsSync(path))
      writeFileSync(path, `${JSON.stringify(reception, null, 2)}\n`);
    expect(JSON.parse(JSON.stringify(reception))).toEqual(JSON.parse(readFileSync(path, 'utf8')));
  });

  it.each(named(oneOfEach))('%s: two secrets are valid at once, so that one can replace the other', async (_, one) => {
    expect(await statusOf(send(one, { key: oldSecret }))).toBeLessThan(300);
    expect(await statusOf(send(one, { key: oldSecret, tools: toolsOf(one, [secret]) }))).toBe(401);
  });

  it.each(named(oneOfEach))('%s: another secret is refused, and so is none', async (_, one) => {
    expect(await statusOf(send(one, { key: wrongSecret }))).toBe(401);
    expect(await statusOf(send(one, { key: '' }))).toBe(401);
    const all = ['authorization', 'x-hub-signature-256', 'x-hub-signature', 'x-gitlab-token', 'x-gitea-signature'];
    const others = ['webhook-signature', 'x-slack-signature', 'x-api-key', 'x-signature', 'x-jfrog-event-auth'];
    const bare = { without: [...all, ...others], ...(one.config?.header === undefined ? {} : {}) };
    if (one.make !== 'docker-hub' && one.make !== 'quay') expect(await statusOf(send(one, bare))).toBe(401);
  });

  it.each(named(cases.filter(({ signsBody }) => signsBody)))('%s: an altered body is refused', async (_, one) => {
    const body = bodyOf(one);
    for (const altered of [`${body} `, body.replace('a', 'b'), body.slice(1), ''])
      expect(await statusOf(send(one, { body: altered }))).toBe(401);
  });

  it.each(named(oneOfEach))('%s: a wrong content type is 415, once it is known who sends', async (_, one) => {
    const headers = { 'content-type': 'text/html' };
    const without = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time'];
    expect(await statusOf(send(one, { headers, without }))).toBe(415);
    expect(await statusOf(send(one, { headers, without, key: wrongSecret }))).toBe(401);
  });

  it.each(named(oneOfEach))('%s: a giant body is 413, a deeply nested one 400', async (_, one) => {
    const giant = `{"a":"${'x'.repeat(1_100_000)}"}`;
    expect(await statusOf(receive(one, signedRequest(one, giant)))).toBe(413);
    const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const body = one.make === 'slack' ? `payload=${encodeURIComponent(deep)}` : deep;
    expect(await statusOf(receive(one, signedRequest(one, body)))).toBe(one.make === 'zot' ? 202 : 400);
  });

  it.each(named(oneOfEach))('%s: lets everybody in only when the config says so by name', async (_, one) => {
    if (one.make === 'slack' || one.make === 'oidc') return;
    const open = { allowUnauthenticated: true, secrets: [] };
    const reception = await send(one, { key: wrongSecret, config: open, tools: toolsOf(one, []) });
    if (reception.kind === 'events') expect(reception.by.how).toBe('claimed');
  });
});

describe('what was overheard', () => {
  const timed = cases.filter(
    ({ make, signsBody }) => ['standard-webhooks', 'gitlab', 'slack'].includes(make) && signsBody,
  );

  it.each(named(timed))('%s: is refused 5 minutes later, and 5 minutes too early', async (_, one) => {
    for (const away of [301_000, -301_000]) expect(await statusOf(send(one, { signedAtMs: nowMs + away }))).toBe(401);
    expect(await statusOf(send(one, { signedAtMs: nowMs - 299_000 }))).toBeLessThan(300);
  });

  it.each(named(cases))('%s: sent again is the same event, so that nothing starts twice', async (_, one) => {
    expect(await send(one)).toEqual(await send(one));
  });
});
