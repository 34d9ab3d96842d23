/** A request of every make, signed as the make signs, and the tools that check it. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SenderMake } from '../../../core/config/events/makes.ts';
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { senders } from '../../../functions/senders/index.ts';
import type { RawRequest, Reception, SenderTools } from '../../../functions/senders/sender.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';

export const fixtures = 'test/fixtures/senders';
export const nowMs = Date.parse('2026-11-28T06:00:00Z');
/** Base64 after its prefix, so that it is a secret of every make. */
export const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
export const oldSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const wrongSecret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

interface Shown {
  readonly headers: Readonly<Record<string, string>>;
  /** After `/events/<sender>`. */
  readonly path?: string;
}

export interface Case {
  readonly make: SenderMake;
  readonly fixture: string;
  /** Of the body as a whole; the others only show that somebody knows the secret. */
  readonly signsBody: boolean;
  readonly config?: Partial<SenderConfig>;
  readonly encode?: (json: string) => string;
  readonly show: (body: string, key: string, atMs: number) => Shown;
}

const json = { 'content-type': 'application/json' };
const hex = (body: string, key: string): string => createHmac('sha256', key).update(body).digest('hex');
const bearer = (_: string, key: string): Shown => ({ headers: { ...json, authorization: `Bearer ${key}` } });
const basic = (_: string, key: string): Shown => ({
  headers: { ...json, authorization: `Basic ${Buffer.from(`user:${key}`).toString('base64')}` },
});
const path = (_: string, key: string): Shown => ({ headers: json, path: `/${encodeURIComponent(key)}` });

export const standardHeaders = (body: string, key: string, atMs: number): Record<string, string> => {
  const seconds = String(Math.floor(atMs / 1_000));
  const mac = createHmac('sha256', Buffer.from(key.slice('whsec_'.length), 'base64'));
  const signature = mac.update(`msg_1.${seconds}.${body}`).digest('base64');
  return { ...json, 'webhook-id': 'msg_1', 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` };
};

const github =
  (event: string) =>
  (body: string, key: string): Shown => ({
    headers: {
      ...json,
      'x-github-event': event,
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': `sha256=${hex(body, key)}`,
    },
  });
const gitea =
  (event: string) =>
  (body: string, key: string): Shown => ({
    headers: {
      ...json,
      'x-gitea-event': event,
      'x-gitea-delivery': 'f6266f16-1bf3-46a5-9ea4-602e06ead473',
      'x-gitea-signature': hex(body, key),
    },
  });
const slackHeaders = (body: string, key: string, atMs: number, type: string): Shown => {
  const seconds = String(Math.floor(atMs / 1_000));
  const signature = `v0=${hex(`v0:${seconds}:${body}`, key)}`;
  return { headers: { 'content-type': type, 'x-slack-request-timestamp': seconds, 'x-slack-signature': signature } };
};
const oidc = {
  issuer: 'https://issuer.example.com',
  audience: 'tidegate',
  claims: "claims.email == 'push@acme.iam.gserviceaccount.com'",
};
const slackForm = (text: string): string =>
  new URLSearchParams({ payload: JSON.stringify(JSON.parse(text)) }).toString();

export const cases: readonly Case[] = [
  { make: 'github', fixture: 'push', signsBody: true, show: github('push') },
  { make: 'github', fixture: 'pull-request-merged', signsBody: true, show: github('pull_request') },
  { make: 'github', fixture: 'registry-package', signsBody: true, show: github('registry_package') },
  { make: 'github', fixture: 'package', signsBody: true, show: github('package') },
  {
    make: 'gitlab',
    fixture: 'push',
    signsBody: false,
    show: (_, key) => ({
      headers: { ...json, 'x-gitlab-token': key, 'x-gitlab-event-uuid': '13792a34-cac6-4fda-95a8' },
    }),
  },
  {
    make: 'gitlab',
    fixture: 'merge-request',
    signsBody: true,
    show: (body, key, atMs) => ({ headers: standardHeaders(body, key, atMs) }),
  },
  {
    make: 'bitbucket',
    fixture: 'push',
    signsBody: true,
    show: (body, key) => ({
      headers: {
        ...json,
        'x-event-key': 'repo:push',
        'x-request-uuid': '5ea8b8ea-5e7b-4b1e-9c1e-0d0b0f9a0001',
        'x-hub-signature': `sha256=${hex(body, key)}`,
      },
    }),
  },
  {
    make: 'standard-webhooks',
    fixture: 'invoice-paid',
    signsBody: true,
    show: (body, key, atMs) => ({ headers: standardHeaders(body, key, atMs) }),
  },
  { make: 'alertmanager', fixture: 'firing', signsBody: false, show: bearer },
  {
    make: 'aws-ecr',
    fixture: 'image-push',
    signsBody: false,
    config: { header: 'X-Api-Key' },
    show: (_, key) => ({ headers: { ...json, 'x-api-key': key } }),
  },
  { make: 'aws-ecr', fixture: 'image-delete', signsBody: false, show: bearer },
  { make: 'google-artifact-registry', fixture: 'insert', signsBody: false, config: { oidc }, show: bearer },
  { make: 'google-artifact-registry', fixture: 'delete', signsBody: false, config: { oidc }, show: bearer },
  { make: 'azure-container-registry', fixture: 'push', signsBody: false, show: bearer },
  { make: 'azure-container-registry', fixture: 'ping', signsBody: false, show: bearer },
  { make: 'docker-hub', fixture: 'push', signsBody: false, show: path },
  { make: 'quay', fixture: 'push', signsBody: false, show: path },
  {
    make: 'harbor',
    fixture: 'push-artifact',
    signsBody: false,
    show: (_, key) => ({ headers: { ...json, authorization: key } }),
  },
  {
    make: 'harbor',
    fixture: 'push-artifact-cloudevent',
    signsBody: false,
    show: (_, key) => ({ headers: { 'content-type': 'application/cloudevents+json', authorization: key } }),
  },
  {
    make: 'zot',
    fixture: 'image-updated',
    signsBody: false,
    config: { registry: 'registry.example.com' },
    show: (body, key) => ({
      headers: {
        ...basic(body, key).headers,
        'ce-specversion': '1.0',
        'ce-id': '0b3ff2a6-4b7e-4f9e-8f0e-6a2f5f5a0001',
        'ce-source': 'zotregistry.dev',
        'ce-type': 'zotregistry.image.updated',
        'ce-time': '2026-11-28T06:00:00.123Z',
      },
    }),
  },
  ...(['push', 'layer'] as const).map((fixture): Case => ({
    make: 'distribution',
    fixture,
    signsBody: false,
    show: (_, key) => ({
      headers: { 'content-type': 'application/vnd.docker.distribution.events.v2+json', authorization: `Bearer ${key}` },
    }),
  })),
  {
    make: 'generic-hmac',
    fixture: 'deploy',
    signsBody: true,
    show: (body, key) => ({ headers: { ...json, 'x-signature': `sha256=${hex(body, key)}` } }),
  },
  { make: 'oidc', fixture: 'deploy', signsBody: false, config: { oidc }, show: bearer },
  {
    make: 'cloudevents',
    fixture: 'structured',
    signsBody: false,
    show: (_, key) => ({
      headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8', authorization: `Bearer ${key}` },
    }),
  },
  { make: 'gitea', fixture: 'push', signsBody: true, show: gitea('push') },
  { make: 'gitea', fixture: 'package', signsBody: true, show: gitea('package') },
  {
    make: 'artifactory',
    fixture: 'docker-pushed',
    signsBody: true,
    show: (body, key) => ({ headers: { ...json, 'x-jfrog-event-auth': hex(body, key) } }),
  },
  {
    make: 'slack',
    fixture: 'block-actions',
    signsBody: true,
    encode: slackForm,
    show: (body, key, atMs) => slackHeaders(body, key, atMs, 'application/x-www-form-urlencoded'),
  },
  {
    make: 'slack',
    fixture: 'url-verification',
    signsBody: true,
    show: (body, key, atMs) => slackHeaders(body, key, atMs, 'application/json'),
  },
];

export const nameOf = ({ make, fixture }: Case): string => `${make}/${fixture}`;

/** One case of each make, and both ways of GitLab. */
export const oneOfEach: readonly Case[] = cases.filter(
  (one, index) => cases.findIndex(({ make, signsBody }) => make === one.make && signsBody === one.signsBody) === index,
);

const read = new Map<string, string>();

export function bodyOf({ make, fixture, encode = (text) => text }: Case): string {
  const path = `${fixtures}/${make}/${fixture}.json`;
  const text = read.get(path) ?? readFileSync(path, 'utf8');
  read.set(path, text);
  return encode(text);
}

export const configOf = ({ make, config }: Case): SenderConfig => ({
  name: make,
  type: make,
  secrets: [{ env: 'NEW' }, { env: 'OLD' }],
  allowUnauthenticated: false,
  perMinute: 600,
  burst: 100,
  allowedOrigins: [],
  ...config,
});

const withUser = (one: Case, keys: readonly string[]): string[] =>
  one.make === 'zot' ? keys.map((key) => `user:${key}`) : [...keys];

/** Tokens of the issuer are the two secrets: the signature of real ones is the business of oidc.test.ts. */
export const toolsOf = (one: Case, keys: readonly string[] = [secret, oldSecret]): SenderTools => ({
  secrets: async () => withUser(one, keys),
  verifyToken: async (token) => {
    if (!keys.includes(token)) throw new HttpProblem(401, 'the token does not hold');
    return {
      iss: oidc.issuer,
      sub: 'repo:acme/checkout:ref:refs/heads/main',
      jti: 'jti-1',
      email: 'push@acme.iam.gserviceaccount.com',
      email_verified: true,
    };
  },
});

export interface Sent {
  readonly body?: string | Uint8Array;
  readonly key?: string;
  readonly signedAtMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly without?: readonly string[];
  readonly tools?: SenderTools;
  readonly config?: Partial<SenderConfig>;
}

export function requestOf(one: Case, { key = secret, signedAtMs = nowMs, ...sent }: Sent = {}): RawRequest {
  const signed = bodyOf(one);
  const shown = one.show(signed, key, signedAtMs);
  const headers = new Headers({ ...shown.headers, ...sent.headers });
  for (const name of sent.without ?? []) headers.delete(name);
  const { body = signed } = sent;
  return {
    method: 'POST',
    url: new URL(`https://tidegate.example.com/events/${one.make}${shown.path ?? ''}`),
    headers,
    body: typeof body === 'string' ? Buffer.from(body) : body,
    receivedAtMs: nowMs,
  };
}

/** With a body of its own, signed as it should be. */
export function signedRequest(one: Case, body: string, headers: Readonly<Record<string, string>> = {}): RawRequest {
  return requestOf({ ...one, encode: () => body }, { headers });
}

export const send = async (one: Case, sent: Sent = {}): Promise<Reception> =>
  senders[one.make](requestOf(one, sent), { ...configOf(one), ...sent.config }, sent.tools ?? toolsOf(one));

export const receive = async (one: Case, request: RawRequest): Promise<Reception> =>
  senders[one.make](request, configOf(one), toolsOf(one));

export async function statusOf(work: Promise<Reception>): Promise<number> {
  try {
    const reception = await work;
    return reception.kind === 'answer' ? reception.status : 202;
  } catch (error) {
    if (error instanceof HttpProblem) return error.status;
    throw error;
  }
}
