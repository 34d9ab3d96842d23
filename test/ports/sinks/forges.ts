/**
 * GitHub and GitLab as far as sinks speak to them, on loopback: what they want of a request, and what they answer, is taken
 * from their references.
 * @see https://docs.github.com/en/rest/commits/statuses
 * @see https://docs.github.com/en/rest/deployments
 * @see https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
 * @see https://docs.gitlab.com/api/deployments/
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

interface Told {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Forge {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** What it has, in the order in which it came. */
  readonly deployments: readonly Readonly<Record<string, unknown>>[];
  /** Answers so instead, once for each that is given; undefined: it answers of itself. */
  readonly next: (Told | undefined)[];
  close(): Promise<void>;
}

type Kept = Record<string, unknown>;
type Rules = (asked: Asked, deployments: Kept[]) => Told;

export const startGithub = (): Promise<Forge> => startForge(github);
export const startGitlab = (): Promise<Forge> => startForge(gitlab);

const TOKEN = 'f0rge';
const repository = '/repos/acme/checkout';
const project = '/projects/acme%2Fcheckout';

const sha = '[0-9a-f]{40}';
const isIn = (value: unknown, ...allowed: readonly string[]): boolean => allowed.includes(String(value));

function github({ method, path, query, headers, body }: Asked, deployments: Kept[]): Told {
  if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, body: { message: 'Bad credentials' } };
  if (headers['user-agent'] === undefined) return { status: 403, body: { message: 'administrative rules' } };
  const invalid = (field: string): Told => ({
    status: 422,
    body: { message: 'Validation Failed', errors: [{ field, code: 'custom' }] },
  });
  if (method === 'POST' && new RegExp(`^${repository}/statuses/${sha}$`).test(path)) {
    if (!isIn(body['state'], 'error', 'failure', 'pending', 'success')) return invalid('state');
    if (String(body['description']).length > 140) return invalid('description');
    return { status: 201, body: { id: 1, ...body } };
  }
  if (path === `${repository}/deployments` && method === 'GET')
    return {
      status: 200,
      body: deployments.filter((one) =>
        ['sha', 'environment', 'task'].every((name) => !query.has(name) || one[name] === query.get(name)),
      ),
    };
  if (path === `${repository}/deployments` && method === 'POST') {
    if (!Array.isArray(body['required_contexts']))
      return { status: 409, body: { message: 'Conflict: Commit status checks failed' } };
    const made = { ...body, id: deployments.length + 1, sha: body['ref'] };
    deployments.push(made);
    return { status: 201, body: made };
  }
  const [, id] = new RegExp(`^${repository}/deployments/(\\d+)/statuses$`).exec(path) ?? [];
  const found = deployments.find((one) => String(one['id']) === id);
  if (method !== 'POST' || found === undefined) return { status: 404, body: { message: 'Not Found' } };
  if (!isIn(body['state'], 'error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'))
    return invalid('state');
  found['state'] = body['state'];
  return { status: 201, body: { id: 1, ...body } };
}

/** The states of commits are remembered by nobody but the test: `next` says that one is set already. */
function gitlab({ method, path, query, headers, body }: Asked, deployments: Kept[]): Told {
  if (headers['private-token'] !== TOKEN) return { status: 401, body: { message: '401 Unauthorized' } };
  const wrong = (field: string): Told => ({ status: 400, body: { error: `${field} does not have a valid value` } });
  if (method === 'POST' && new RegExp(`^${project}/statuses/${sha}$`).test(path)) {
    if (!isIn(body['state'], 'pending', 'running', 'success', 'failed', 'canceled', 'skipped')) return wrong('state');
    return { status: 201, body: { id: 93, status: body['state'], name: body['name'] } };
  }
  if (path !== `${project}/deployments`) return { status: 404, body: { message: '404 Project Not Found' } };
  if (method === 'GET') {
    if (!isIn(query.get('status'), 'created', 'running', 'success', 'failed', 'canceled', 'blocked'))
      return wrong('status');
    const fits = deployments.filter(
      (one) => one['environment'] === query.get('environment') && one['status'] === query.get('status'),
    );
    const sorted = query.get('sort') === 'desc' ? fits.reverse() : fits;
    return { status: 200, body: sorted.slice(0, Number(query.get('per_page') ?? 20)) };
  }
  const missing = ['environment', 'sha', 'ref', 'tag', 'status'].find((name) => body[name] === undefined);
  if (missing !== undefined) return { status: 400, body: { error: `${missing} is missing` } };
  if (!isIn(body['status'], 'running', 'success', 'failed', 'canceled')) return wrong('status');
  const made = { ...body, id: deployments.length + 1 };
  deployments.push(made);
  return { status: 201, body: made };
}

async function startForge(rules: Rules): Promise<Forge> {
  const asked: Asked[] = [];
  const deployments: Kept[] = [];
  const next: Forge['next'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [path = '', query = ''] = (request.url ?? '').split('?');
      const text = Buffer.concat(chunks).toString();
      const one: Asked = {
        ...{ method: request.method ?? '', path, query: new URLSearchParams(query), headers: request.headers },
        body: text === '' ? {} : (JSON.parse(text) as Asked['body']),
      };
      asked.push(one);
      const { status, body, headers } = next.shift() ?? rules(one, deployments);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, deployments, next, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
