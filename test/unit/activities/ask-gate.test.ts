/** A gate that is asked by a web request, against a server that answers what a test wants. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { askGate, type GatePorts } from '../../../activities/control/ask-gate.ts';
import { parseSteerData, steeringOf } from '../../../core/events/steer.ts';
import { testConfig } from '../../support/facts.ts';

const secret = `whsec_${Buffer.from('s'.repeat(32)).toString('base64')}`;
const asked: { headers: IncomingMessage['headers']; body: string }[] = [];
let says: { status: number; body: string; location?: string } = { status: 200, body: '' };
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
  request.on('end', () => {
    asked.push({ headers: request.headers, body });
    response.writeHead(says.status, says.location === undefined ? {} : { location: says.location }).end(says.body);
  });
});
let url = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/may-go`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };

function ask(to: string, ports: Partial<GatePorts> = {}) {
  const gates = [{ url, timeoutMs: 60_000, secrets: [{ env: 'GATE' }] }];
  const all: GatePorts = {
    load: async () => testConfig({ gates }),
    secrets: async () => [secret],
    nowMs: () => Date.now(),
    scheduledAtMs: () => Date.now(),
    signal: () => new AbortController().signal,
    run: () => ({ workflowId: 'w', runId: 'r' }),
    ...ports,
  };
  const question = { url: to, timeoutMs: 60_000, kind: 'deploy', version: 'v2', clusters: ['aws'] } as const;
  return askGate(all, { service, question: { ...question, sharePpm: 250_000, wave: 0, step: 1 } });
}

describe('a gate', () => {
  it('gets a question that the library of the standard believes, and 200 lets the step go', async () => {
    says = { status: 200, body: 'CHG-17\n\u001b[31m approved' };
    expect(await ask(url)).toEqual({ go: true, reason: 'CHG-17 [31m approved' });
    const { headers, body } = asked.at(-1) ?? { headers: {}, body: '' };
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
      ...{ type: 'dev.tidegate.gate.asked', service: 'checkout', runId: 'r', wave: 0, step: 1, sharePpm: 250_000 },
    });
    expect(headers['webhook-id']).toBe('gate:r:0:1');
  });

  it.each([202, 409, 429, 500, 503])('is asked again after %d: it has not decided, or nobody knows', async (status) => {
    says = { status, body: 'later' };
    await expect(ask(url)).rejects.toMatchObject({ code: 'NotYet' });
  });

  it.each([201, 204, 400, 401, 403, 404, 422])('holds the step after %d', async (status) => {
    says = { status, body: '' };
    expect(await ask(url)).toMatchObject({ go: false, reason: String(status) });
  });

  it('is not followed to where it redirects: no config names that', async () => {
    says = { status: 302, body: '', location: `${url}/elsewhere` };
    const before = asked.length;
    expect(await ask(url)).toMatchObject({ go: false, reason: '302' });
    expect(asked).toHaveLength(before + 1);
  });

  it('that only says wait is a refusal once its time is over', async () => {
    says = { status: 202, body: 'ticket is open' };
    const late = { scheduledAtMs: () => Date.now() - 61_000 };
    expect(await ask(url, late)).toEqual({
      ...{ go: false, reason: 'it has not said go within 1m; last: 202 ticket is open' },
    });
  });

  it('is never called where the config does not name it, whatever a workflow says', async () => {
    const before = asked.length;
    await expect(ask(`${url}?other`)).rejects.toMatchObject({ code: 'Invalid' });
    expect(asked).toHaveLength(before);
  });

  it('is read no further than a sentence', async () => {
    says = { status: 403, body: 'x'.repeat(1_000_000) };
    expect((await ask(url)).reason).toHaveLength('403 '.length + 200);
  });
});

describe('a word that came as an event', () => {
  const step = { workflowId: 'rollout:default:shop:shop:checkout:versions', runId: 'r', wave: 0, step: 1 };
  const data = { action: 'promote', namespace: 'shop', service: 'checkout', step, reason: 'x' } as const;
  const by = { name: 'U1', how: 'slack' } as const;

  it('is one update of one run, the same for the same event, and promotes one step only', () => {
    const first = steeringOf(parseSteerData(data), { by, id: 'slack 1' });
    expect(first).toMatchObject({ runId: 'r', update: 'promote', input: { of: step, by, full: false } });
    expect(steeringOf(data, { by, id: 'slack 1' }).updateId).toBe(first.updateId);
    expect(steeringOf(data, { by, id: 'slack 2' }).updateId).not.toBe(first.updateId);
  });

  it('is refused where it names a run of another service, or no run, or no action', () => {
    const refused = (sent: object) => () => steeringOf(parseSteerData({ ...data, ...sent }), { by, id: 'a' });
    expect(refused({ service: 'pay' })).toThrow('is no rollout of shop/pay');
    expect(refused({ step: { ...step, workflowId: 'settle:default:shop:shop:checkout' } })).toThrow('is no rollout');
    expect(refused({ step: { wave: 0 } })).toThrow('data.step names no run');
    expect(refused({ action: 'undo' })).toThrow('data.action is "undo", which is no action');
  });
});
