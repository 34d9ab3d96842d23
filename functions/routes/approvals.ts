/** GET and POST of /approve/<token>. The token is the whole authority: it is in no log and in no metric. */
import type { Hono } from 'hono';
import type { AppEnv, FrontDoorDeps } from '../deps.ts';

export function addApprovals(app: Hono<AppEnv>, { approvals }: FrontDoorDeps): void {
  app.get('/approve/:token', (context) => approvals(context.req.raw));
  app.post('/approve/:token', (context) => approvals(context.req.raw));
}
