/** A front door without sockets: its ports are in memory, and its clock is turned by hand. */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { handleEventWorkflowId, type HandleEventInput, type HandleEventResult } from '../../../core/contract/events.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { createApp, type FrontDoorApp } from '../../../functions/app.ts';
import type { FrontDoorConfig, FrontDoorDeps } from '../../../functions/deps.ts';
import { createMetrics } from '../../../functions/metrics/front-door.ts';
import { senders } from '../../../functions/senders/index.ts';

export const ciSender: SenderConfig = {
  name: 'ci',
  type: 'cloudevents',
  secrets: [{ env: 'CI_TOKEN' }],
  allowUnauthenticated: false,
  perMinute: 600,
  burst: 100,
  allowedOrigins: ['emitter.example.com'],
};

const trigger = {
  name: 'on-push',
  senders: ['ci'],
  filter: '',
  services: [
    { namespace: 'shop', name: 'checkout' },
    { namespace: 'shop', name: 'cart' },
  ],
  map: { version: '', image: '', reason: '' },
  action: { type: 'undo' as const },
};

export const config: FrontDoorConfig = {
  events: { senders: [ciSender], triggers: [trigger], sinks: [] },
  services: ['checkout', 'cart'].map((service) => ({ mesh: 'shop', namespace: 'shop', service })),
  fault: '',
  approvalKeys: [],
};

export interface TestDoor extends FrontDoorApp {
  /** What Temporal has, by workflow id. */
  readonly started: Map<string, HandleEventInput>;
  readonly results: Map<string, HandleEventResult>;
  /** Lines of the log. */
  readonly lines: {
    readonly level: string;
    readonly fields: Readonly<Record<string, unknown>>;
    readonly message: string;
  }[];
  readonly metrics: () => string;
  state: { config: FrontDoorConfig | TidegateError; temporal: 'up' | TidegateError; nowMs: number };
}

export function testDoor(change: Partial<FrontDoorDeps> = {}): TestDoor {
  const state: TestDoor['state'] = { config, temporal: 'up', nowMs: Date.UTC(2026, 10, 28) };
  const started = new Map<string, HandleEventInput>();
  const results = new Map<string, HandleEventResult>();
  const lines: TestDoor['lines'] = [];
  const metrics = createMetrics();
  const line =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void =>
      void lines.push({ level, fields, message });
  const app = createApp({
    config: async () => {
      if (state.config instanceof TidegateError) throw state.config;
      return state.config;
    },
    temporal: {
      async startEvent(input) {
        const id = handleEventWorkflowId('default', input);
        if (state.temporal !== 'up') throw state.temporal;
        const duplicate = started.has(id);
        if (!duplicate) started.set(id, input);
        return { workflowId: id, duplicate };
      },
      resultOf: async (id) => results.get(id) ?? null,
      unreachable: async () => (state.temporal === 'up' ? '' : 'does not answer (14)'),
    },
    senders,
    tools: {
      secrets: async () => ['s3cret-new', 's3cret-old'],
      verifyToken: () => Promise.reject(new Error('nobody shows one')),
    },
    metrics,
    approvals: () => Promise.reject(new Error('nobody opens a link')),
    log: { info: line('info'), warn: line('warn'), error: line('error') },
    now: () => state.nowMs,
    ...change,
  });
  return { ...app, started, results, lines, metrics: () => metrics.text(), state };
}

export const attributes = { specversion: '1.0', id: 'a-1', source: '/ci', type: 'com.example.pushed' };

type Headers = Readonly<Record<string, string>>;

export const post = (path: string, body: string | null, headers: Headers = {}): Request =>
  new Request(`http://door${path}`, {
    method: 'POST',
    body,
    headers: { authorization: 'Bearer s3cret-new', ...headers },
  });

export const structured = (value: unknown, headers: Headers = {}, path = '/events'): Request =>
  post(path, JSON.stringify(value), { 'content-type': 'application/cloudevents+json', ...headers });

export const batch = (value: unknown, headers: Headers = {}): Request =>
  post('/events', JSON.stringify(value), { 'content-type': 'application/cloudevents-batch+json', ...headers });

export const bodyOf = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;
