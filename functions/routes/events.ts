/** POST and OPTIONS of /events and /events/<sender>. What follows the name is the sender's own, and may be secret. */
import type { Context, Hono } from 'hono';
import { HttpProblem } from '../../platform/http/problem.ts';
import type { AppEnv, FrontDoorDeps } from '../deps.ts';
import { problemOf, problemResponse } from '../problem.ts';
import { sendersFor } from '../receive/authenticate.ts';
import { createPatience } from '../receive/prefer.ts';
import { createRateLimit } from '../receive/rate-limit.ts';
import { receive, type Passage } from '../receive/receive.ts';
import { METHODS, registration } from '../receive/registration.ts';

/** Requests under way; each may hold a body of 1 MiB, and its event. */
const MAX_AT_ONCE = 256;

export function addEvents(app: Hono<AppEnv>, deps: FrontDoorDeps): void {
  const limit = createRateLimit(deps.now);
  const patience = createPatience();
  let open = 0;
  const taken = async ({ req, env }: Context<AppEnv>, passage: Passage): Promise<Response> => {
    if (open >= MAX_AT_ONCE) throw new HttpProblem(503, 'too many requests at once', { 'retry-after': '1' });
    open += 1;
    try {
      return await receive(req.raw, req.param('sender'), { deps, limit, patience, passage, ...env });
    } finally {
      open -= 1;
    }
  };
  const post = async (context: Context<AppEnv>): Promise<Response> => {
    const name = context.req.param('sender');
    return observed({ deps, route: name === undefined ? '/events' : '/events/{sender}' }, (passage) =>
      taken(context, passage),
    );
  };
  const options = async (context: Context<AppEnv>): Promise<Response> => {
    const { events } = await deps.config();
    return registration(context.req.raw.headers, sendersFor(events, context.req.param('sender')));
  };
  for (const path of ['/events', '/events/:sender', '/events/:sender/*']) {
    app.post(path, post);
    app.options(path, options);
    app.all(path, () => {
      throw new HttpProblem(405, 'events are taken by POST', { allow: METHODS });
    });
  }
}

interface Observing {
  readonly deps: FrontDoorDeps;
  /** Without what is secret in a path. */
  readonly route: string;
}

/** Counts, times and logs a request, however it ends. */
async function observed(
  { deps, route }: Observing,
  handle: (passage: Passage) => Promise<Response>,
): Promise<Response> {
  const { metrics, log } = deps;
  const passage: Passage = { sender: '', waitedMs: 0, ids: [] };
  const since = performance.now();
  const answer = await handle(passage).catch((error: unknown) => refusalOf(error, log));
  const { response, why } = answer instanceof Response ? { response: answer, why: '' } : answer;
  const totalMs = performance.now() - since;
  const { status } = response;
  const { sender, ids } = passage;
  metrics.requests.add({ sender, status: String(status) });
  metrics.requestSeconds.observe({ route }, totalMs / 1_000);
  metrics.ownSeconds.observe({ route }, (totalMs - passage.waitedMs) / 1_000);
  const fields = { route, sender, status, ms: Math.round(totalMs * 10) / 10, ...(ids.length === 0 ? {} : { ids }) };
  if (status < 300) log.info(fields, 'events taken');
  else log.warn({ ...fields, why }, 'events refused');
  return response;
}

interface Refusal {
  readonly response: Response;
  readonly why: string;
}

export function refusalOf(error: unknown, log: FrontDoorDeps['log']): Refusal {
  const problem = problemOf(error);
  if (problem === undefined) log.error({ err: error }, 'the front door failed');
  const { status, message, headers, at } = problem ?? new HttpProblem(500, 'the front door failed; its log says why');
  // Why Temporal did not take it is nothing for strangers, and something for the log.
  const why = error instanceof Error ? error.message : message;
  return { response: problemResponse({ status, detail: message, at }, headers), why };
}
