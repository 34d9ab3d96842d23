/**
 * functions: the front door. One application that takes a Request and gives a Response; hosts bring both, and the ports.
 *
 *   Request ──routes──► receive: authenticate on raw bytes, parse, match, hand over to Temporal ──► Response
 *
 * It keeps no state beside counters and buckets: a started workflow is the queue. It imports Temporal's client only.
 */
import { Hono } from 'hono';
import { HttpProblem } from '../platform/http/problem.ts';
import type { AppEnv, FrontDoorDeps } from './deps.ts';
import { addApprovals } from './routes/approvals.ts';
import { addEvents, refusalOf } from './routes/events.ts';
import { addOpenApi } from './routes/openapi.ts';
import { addOperations } from './routes/operations.ts';
import type { Vouched } from './senders/sender.ts';

export interface FrontDoorApp {
  /** host: absent = the request itself must show whose it is. */
  fetch(request: Request, host?: Vouched): Promise<Response>;
  /** As they are registered; `ALL` only says what is refused. */
  readonly routes: readonly AppRoute[];
}

export interface AppRoute {
  readonly method: string;
  readonly path: string;
}

export function createApp(deps: FrontDoorDeps): FrontDoorApp {
  const app = new Hono<AppEnv>();
  addEvents(app, deps);
  addApprovals(app, deps);
  addOperations(app, deps);
  addOpenApi(app);
  app.notFound(() => refusalOf(new HttpProblem(404, 'there is nothing at this path'), deps.log).response);
  app.onError((error) => refusalOf(error, deps.log).response);
  return {
    fetch: async (request, host) => app.fetch(request, { ...(host && { host }) }),
    routes: app.routes.map(({ method, path }) => ({ method, path })),
  };
}
