/** Requests to a registry of images: bounded in time and size, and authenticated as it asks (Bearer by its token server, Basic). */
import { Agent, request } from 'undici';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import { isPrivateWay } from '../../core/values/loopback.ts';
import type { Credentials } from './credentials.ts';
import type { Repository } from './repository.ts';

/** Of one request, ms. */
const DEADLINE_MS = 10_000;
/** A page of tags, a manifest, the config of an image. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Blobs lie in a store of the cloud, one redirect away. */
const MOST_REDIRECTS = 3;

export interface RegistryAnswer {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string;
}

export interface Asking {
  readonly method?: 'GET' | 'HEAD';
  readonly accept?: string;
  readonly signal: AbortSignal;
}

export interface Transport {
  /** `url`: of the registry's own origin. Answers 200 and 404 only; all else is thrown. */
  get(url: URL, asking: Asking): Promise<RegistryAnswer>;
  close(): Promise<void>;
}

interface Given {
  readonly repository: Repository;
  readonly credentials: Credentials | undefined;
}

export function createTransport({ repository, credentials }: Given): Transport {
  const agent = new Agent({ connections: 8, connect: { timeout: 3_000 } });
  let authorization = '';
  const send: Send = (url, asking, authorized) => sendBy(agent, url, { ...asking, authorized });
  const followed = async (url: URL, asking: Asking): Promise<RegistryAnswer> => {
    let answer = await send(url, asking, authorization);
    let at = url;
    for (let hops = 0; hops < MOST_REDIRECTS && isRedirect(answer); hops += 1) {
      at = new URL(answer.header('location'), at);
      // What lets us into the registry is no business of another host.
      answer = await send(at, asking, at.origin === url.origin ? authorization : '');
    }
    return answer;
  };
  return {
    async get(url, asking) {
      if (url.origin !== repository.origin)
        refuse(
          'Invalid',
          `${repository.host} sends on to ${url.origin}, which is another host`,
          'ask the owner of the registry',
        );
      let answer = await followed(url, asking);
      if (answer.status === 401) {
        authorization = await authorize(answer.header('www-authenticate'), { repository, credentials, send, asking });
        answer = await followed(url, asking);
      }
      if (answer.status === 200 || answer.status === 404) return answer;
      throw failureOf(answer, { repository, credentials });
    },
    close: () => agent.close(),
  };
}

type Send = (url: URL, asking: Asking, authorized: string) => Promise<RegistryAnswer>;

async function sendBy(
  agent: Agent,
  url: URL,
  asking: Asking & { readonly authorized: string },
): Promise<RegistryAnswer> {
  assertSecure(url);
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    const { statusCode, headers, body } = await request(url, {
      method: asking.method ?? 'GET',
      dispatcher: agent,
      signal: AbortSignal.any([deadline, asking.signal]),
      headers: {
        accept: asking.accept ?? 'application/json',
        'user-agent': 'tidegate',
        ...(asking.authorized !== '' && { authorization: asking.authorized }),
      },
    });
    const text = await readBounded(body, url);
    return { status: statusCode, text, header: (name) => String(headers[name] ?? '') };
  } catch (error) {
    asking.signal.throwIfAborted();
    if (error instanceof TidegateError) throw error;
    const why = deadline.aborted
      ? `no answer within ${DEADLINE_MS} ms`
      : error instanceof Error
        ? error.message
        : String(error);
    throw new TidegateError('Unavailable', `the registry ${url.host} cannot be reached: ${why}`, {
      cause: error,
      fix: 'is it up, and does the network of the worker lead there?',
    });
  }
}

const isRedirect = ({ status, header }: RegistryAnswer): boolean =>
  [301, 302, 303, 307, 308].includes(status) && header('location') !== '';

/** Tokens and passwords cross no network in the clear. */
function assertSecure({ protocol, hostname, host }: URL): void {
  if (isPrivateWay({ protocol, hostname })) return;
  refuse(
    'Invalid',
    `${host} is asked over ${protocol.replace(':', '')}`,
    'only https is spoken, except on this very machine',
  );
}

async function readBounded(body: AsyncIterable<Uint8Array>, { host }: URL): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES)
      throw new TidegateError('Invalid', `an answer of the registry ${host} has more than ${MAX_ANSWER_BYTES} bytes`, {
        fix: 'is it a registry of images?',
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface Authorizing extends Given {
  readonly send: Send;
  readonly asking: Asking;
}

const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** The header that the registry asks for. */
async function authorize(challenge: string, { repository, credentials, send, asking }: Authorizing): Promise<string> {
  const { host, path } = repository;
  if (/^basic\b/iu.test(challenge))
    return credentials === undefined ? forbidden({ repository, credentials }) : basic(credentials);
  const realm = parameterOf(challenge, 'realm');
  if (!/^bearer\b/iu.test(challenge) || !URL.canParse(realm)) return forbidden({ repository, credentials });
  const url = new URL(realm);
  url.searchParams.set('scope', `repository:${path}:pull`);
  const service = parameterOf(challenge, 'service');
  if (service !== '') url.searchParams.set('service', service);
  const answer = await send(url, { signal: asking.signal }, credentials === undefined ? '' : basic(credentials));
  if (answer.status !== 200) throw failureOf(answer, { repository, credentials });
  const said = parsedJson(answer.text, host);
  const token = fieldAt(said, 'token') ?? fieldAt(said, 'access_token');
  if (typeof token === 'string' && token !== '') return `Bearer ${token}`;
  return refuse(
    'Invalid',
    `the token server of ${host} answers without a token`,
    'is it the token server of a registry?',
  );
}

const parameterOf = (challenge: string, name: string): string =>
  new RegExp(`\\b${name}="([^"]*)"`, 'iu').exec(challenge)?.[1] ?? '';

function forbidden({ repository: { host, path }, credentials }: Given): never {
  const what = credentials === undefined ? 'without credentials' : 'with the credentials of the Mesh document';
  const fix =
    credentials === undefined
      ? `add ${host} to spec.registries of the Mesh, with credentials`
      : 'may they pull? Are they those of this registry?';
  refuse('Forbidden', `${host} does not let us read ${path} ${what}`, fix);
}

function failureOf({ status, header }: RegistryAnswer, given: Given): TidegateError {
  const { host, path } = given.repository;
  if (status === 401 || status === 403) return forbidden(given);
  if (status === 429) {
    const seconds = Number(header('retry-after'));
    return new TidegateError('Throttled', `the registry ${host} asks us to come back later (429)`, {
      fix: 'it is asked again by itself; with credentials most registries allow more',
      retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 10_000,
    });
  }
  const code = status >= 500 ? 'Unavailable' : 'Invalid';
  return new TidegateError(code, `the registry ${host} answers ${status} about ${path}`, {
    fix: 'see the log of the registry',
  });
}

/** @throws TidegateError Invalid */
export function parsedJson(text: string, host: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse(
      'Invalid',
      `the registry ${host} answers with something that is no JSON`,
      'is it a registry of images?',
    );
  }
}
