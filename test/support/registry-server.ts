/** A small registry of images that speaks the OCI distribution protocol: pages, tokens, and images that were built some time. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';

export interface RegistryServer {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** `GET /v2/…`, in their order. */
  readonly requests: string[];
  /** As somebody pushes it: another image of a tag takes its place. */
  push(tag: string, builtAt?: string): string;
  /** The next requests are answered with these instead. */
  readonly faults: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
  readonly close: () => Promise<void>;
}

export interface RegistryRules {
  readonly repository: string;
  readonly auth?: 'none' | 'basic' | 'bearer';
  /** Most tags of a page, whatever is asked for. */
  readonly page?: number;
}

export const pullUser = { username: 'puller', password: 'not-a-secret' };

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

export async function startRegistry({ repository, auth = 'none', page = 2 }: RegistryRules): Promise<RegistryServer> {
  const tags = new Map<string, string>();
  const blobs = new Map<string, string>();
  const requests: string[] = [];
  const faults: { status: number; headers?: Record<string, string> }[] = [];
  const basic = `Basic ${Buffer.from(`${pullUser.username}:${pullUser.password}`).toString('base64')}`;
  const token = 'token-of-the-test';
  const answer = (response: ServerResponse, status: number, body = '', headers: Record<string, string> = {}): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', `http://${host}`);
    requests.push(`${request.method ?? ''} ${url.pathname}${url.search}`);
    const fault = faults.shift();
    if (fault !== undefined) return answer(response, fault.status, '', fault.headers);
    const { authorization } = request.headers;
    if (url.pathname === '/token') {
      const right = authorization === basic && url.searchParams.get('scope') === `repository:${repository}:pull`;
      return answer(response, right ? 200 : 401, right ? JSON.stringify({ token }) : '');
    }
    const wanted = { none: undefined, basic, bearer: `Bearer ${token}` }[auth];
    if (wanted !== undefined && authorization !== wanted) {
      const challenge = auth === 'basic' ? 'Basic realm="test"' : `Bearer realm="http://${host}/token",service="test"`;
      return answer(response, 401, '', { 'www-authenticate': challenge });
    }
    const [, kind, name = ''] =
      new RegExp(`^/v2/${repository}/(tags|manifests|blobs)/(.+)$`, 'u').exec(url.pathname) ?? [];
    if (kind === 'tags') return list(response, url.searchParams.get('last'));
    const digest = kind === 'manifests' ? (tags.get(name) ?? name) : name;
    const body = blobs.get(digest);
    if (body === undefined) return answer(response, 404);
    return answer(response, 200, request.method === 'HEAD' ? '' : body, { 'docker-content-digest': digest });
  };
  const list = (response: ServerResponse, last: string | null): void => {
    // As the specification orders them, which is neither the order of pushes nor of versions.
    const sorted = [...tags.keys()].sort().filter((tag) => last === null || tag > last);
    const shown = sorted.slice(0, page);
    const link = `</v2/${repository}/tags/list?n=${page}&last=${shown.at(-1) ?? ''}>; rel="next"`;
    answer(response, 200, JSON.stringify({ name: repository, tags: shown }), sorted.length > page ? { link } : {});
  };
  const server = createServer(serve);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store = (value: unknown): string => {
    const text = JSON.stringify(value);
    blobs.set(digestOf(text), text);
    return digestOf(text);
  };
  return {
    ...{ host, requests, faults },
    push: (tag, builtAt) => {
      const config = store({ tag, ...(builtAt !== undefined && { created: builtAt }) });
      const manifest = store({ schemaVersion: 2, config: { digest: config } });
      const index = store({ schemaVersion: 2, manifests: [{ digest: manifest }] });
      tags.set(tag, index);
      return index;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
