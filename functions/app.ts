/**
 * functions: the front door. One application that takes a Request and gives a Response; hosts bring both, and the ports.
 *
 *   Request ──routes──► receive: authenticate on raw bytes, parse, match, hand over to Temporal ──► Response
 *
 * It keeps no state beside counters and buckets: a started workflow is the queue. It imports Temporal's client only.
 */
import { Hono } from 'hono';
import { HttpProblem } from '../platform/http/problem.ts';
import type { FrontDoorDeps } from './deps.ts';
import { addEvents, refusalOf } from './routes/events.ts';
import { addOperations } from './routes/operations.ts';

export interface FrontDoorApp {
  fetch(request: Request): Promise<Response>;
}

export function createApp(deps: FrontDoorDeps): FrontDoorApp {
  const app = new Hono();
  addEvents(app, deps);
  addOperations(app, deps);
  app.notFound(() => refusalOf(new HttpProblem(404, 'there is nothing at this path'), deps.log).response);
  app.onError((error) => refusalOf(error, deps.log).response);
  return { fetch: async (request) => app.fetch(request) };
}
