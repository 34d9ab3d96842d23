/** API servers and Prometheus: dead, hung, slow, refusing, empty. What the worker alone meets goes through the gateways. */
import { metrics, type Gateways, type Manner } from '../gateways.ts';
import { aws, type Fault, type Scene } from '../scene.ts';

const status = (code: number, reason: string): Manner => ({
  does: 'answer',
  status: code,
  type: 'application/json',
  body: JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason,
    code,
    message: `chaos: ${reason}`,
  }),
});

function gatewaysOf({ gateways }: Scene): Gateways {
  if (gateways === undefined) throw new Error('this fault needs the gateways');
  return gateways;
}

const answering = (server: string, manner: Manner) => ({
  ofRuns: true as const,
  inject: async (scene: Scene) => gatewaysOf(scene).set(server, manner),
});

/** The clock still goes: a server without series is no server that answers nonsense. */
const noData: Manner = {
  does: 'answer',
  status: 200,
  type: 'application/json',
  body: (asked) => {
    const now = Date.now() / 1_000;
    const isClock = new URLSearchParams(asked).get('query') === 'time()';
    const data = isClock ? { resultType: 'scalar', result: [now, String(now)] } : { resultType: 'matrix', result: [] };
    return JSON.stringify({ status: 'success', data });
  },
};
const html: Manner = {
  does: 'answer',
  status: 404,
  type: 'text/html',
  body: '<html><h1>404 page not found</h1></html>',
};

export const serverFaults: readonly Fault[] = [
  {
    name: 'api-killed',
    what: 'the API server of aws gets SIGKILL, and is back after 8 s',
    lastsMs: 8_000,
    inject: ({ stage }) => stage.lab.break('api-server', aws, 'dead'),
  },
  {
    name: 'api-hung',
    what: 'the API server of aws answers nobody for 15 s',
    lastsMs: 15_000,
    inject: ({ stage }) => stage.lab.break('api-server', aws, 'hung'),
  },
  {
    name: 'api-slow',
    what: 'each call to the API server of aws takes 2 s more, for 15 s',
    lastsMs: 15_000,
    ...answering(aws, { does: 'slow', ms: 2_000 }),
  },
  {
    name: 'api-500',
    what: 'the API server of aws answers 500 for 10 s',
    lastsMs: 10_000,
    ...answering(aws, status(500, 'InternalError')),
  },
  {
    name: 'api-403',
    what: 'the API server of aws answers 403 for 10 s',
    lastsMs: 10_000,
    ...answering(aws, status(403, 'Forbidden')),
  },
  {
    name: 'api-429',
    what: 'the API server of aws answers 429 for 10 s',
    lastsMs: 10_000,
    ...answering(aws, status(429, 'TooManyRequests')),
  },
  {
    name: 'api-404-html',
    what: "a proxy answers a page of HTML with 404 in place of aws's API server for 10 s",
    lastsMs: 10_000,
    ...answering(aws, html),
  },
  {
    name: 'prometheus-killed',
    what: 'Prometheus gets SIGKILL, and is back after 15 s',
    lastsMs: 15_000,
    inject: ({ stage }) => stage.lab.break('prometheus', 'dead'),
  },
  {
    name: 'prometheus-hung',
    what: 'Prometheus answers nobody for 15 s',
    lastsMs: 15_000,
    inject: ({ stage }) => stage.lab.break('prometheus', 'hung'),
  },
  {
    name: 'prometheus-empty',
    what: 'Prometheus knows of no series for 15 s',
    lastsMs: 15_000,
    ...answering(metrics, noData),
  },
  {
    name: 'prometheus-500',
    what: 'Prometheus answers 500 for 15 s',
    lastsMs: 15_000,
    ...answering(metrics, status(500, 'InternalError')),
  },
];
