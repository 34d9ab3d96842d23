/** draft */
import { Client, Connection } from '@temporalio/client';
import { createConfigLoader } from '../../../platform/config/load.ts';
import { temporalConfig } from '../../../platform/temporal/connect.ts';
import { Hono } from 'hono';
import { createRemoteJWKSet } from 'jose';
import pino from 'pino';
import { satisfies } from 'semver';
import { Cron } from 'croner';
import { parse, plan } from '@bufbuild/cel';
import { createLambdaHandler } from './handler.ts';
const t = temporalConfig(process.env);
const connection = Connection.lazy(t.connectionOptions);
const client = new Client({ connection });
const loader = createConfigLoader({ directory: process.env.TIDEGATE_CONFIG ?? 'config' });
const log = pino();
const app = new Hono();
app.post('/events/:x', async (c) => c.json({ a: await c.req.text(), k: typeof createRemoteJWKSet, s: satisfies('1.0.0', '^1'), c: typeof Cron, p: typeof parse, q: typeof plan, l: typeof loader, m: typeof client }));
export const handler = createLambdaHandler({ app: { fetch: async (r) => app.fetch(r) }, senders: async () => [], log });
