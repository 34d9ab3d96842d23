/** GET /openapi.json: what may be asked here, and what is answered. */
import type { Hono } from 'hono';
import type { AppEnv } from '../deps.ts';
import { openApiDocument } from '../openapi/document.ts';

export function addOpenApi(app: Hono<AppEnv>): void {
  // Made at the first question: a cold start has no time for it.
  let document: Readonly<Record<string, unknown>> | undefined;
  app.get('/openapi.json', (context) => context.json((document ??= openApiDocument())));
}
