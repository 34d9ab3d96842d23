/**
 * functions/hosts/lambda: the front door as an AWS Lambda function. It turns what AWS hands over into the Requests of the
 * app, and its Responses into what AWS wants back; what a request means is decided in the app alone.
 *
 *   invocation ─┬─ HTTP (API Gateway v1 and v2, function URL, load balancer) ──requestOf──► Request ──app──► httpAnswer
 *               ├─ EventBridge ─┐
 *               └─ SQS records ─┴──deliveriesOf──► one Request each, vouched for by IAM
 *
 * This file is the first line. An adapter of our own, because `hono/aws-lambda` joins repeated headers of a load balancer
 * with "; ", percent-encodes headers, and is deprecated: signatures are checked on what was sent.
 */
import { z } from 'zod';

const one = z.record(z.string(), z.string().nullish());
const many = z.record(z.string(), z.array(z.string()).nullish());

/** API Gateway's first format, and the load balancer's, which says `elb`. */
const firstFormat = z.object({
  httpMethod: z.string(),
  path: z.string(),
  headers: one.nullish(),
  multiValueHeaders: many.nullish(),
  queryStringParameters: one.nullish(),
  multiValueQueryStringParameters: many.nullish(),
  requestContext: z.object({ elb: z.object({}).optional() }),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** API Gateway's second format, and the function URL's. */
const secondFormat = z.object({
  version: z.literal('2.0'),
  rawPath: z.string(),
  rawQueryString: z.string().nullish(),
  cookies: z.array(z.string()).nullish(),
  headers: one.nullish(),
  requestContext: z.object({ stage: z.string().optional(), http: z.object({ method: z.string() }) }),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

type FirstFormat = z.output<typeof firstFormat>;
type SecondFormat = z.output<typeof secondFormat>;

/** An invocation that is a request over HTTP. */
export type HttpInvocation =
  { readonly format: 'first'; readonly said: FirstFormat } | { readonly format: 'second'; readonly said: SecondFormat };

/** What API Gateway, a function URL and a load balancer want back. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  /** The second format's own place for `set-cookie`. */
  readonly cookies?: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** undefined: it is no request over HTTP. */
export function httpInvocation(invocation: unknown): HttpInvocation | undefined {
  const second = secondFormat.safeParse(invocation);
  if (second.success) return { format: 'second', said: second.data };
  const first = firstFormat.safeParse(invocation);
  return first.success ? { format: 'first', said: first.data } : undefined;
}

/** The request as the sender made it. @throws TypeError where HTTP could not have carried it. */
export function requestOf(invocation: HttpInvocation): Request {
  const { said } = invocation;
  const headers = headersOf(invocation);
  const { method, path, query } = targetOf(invocation);
  const host = headers.get('host') ?? 'lambda.invalid';
  // AWS hands over some paths decoded: what would begin a query there is a part of the path.
  const url = `https://${host}${path.replace(/[?#]/g, encodeURIComponent)}${query === '' ? '' : `?${query}`}`;
  const bodyless = method === 'GET' || method === 'HEAD';
  const body = Buffer.from(said.body ?? '', said.isBase64Encoded === true ? 'base64' : 'utf8');
  return new Request(url, { method, headers, body: bodyless || body.length === 0 ? null : body });
}

interface Target {
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

function targetOf({ format, said }: HttpInvocation): Target {
  if (format === 'first') return { method: said.httpMethod, path: said.path, query: firstQuery(said) };
  const { http, stage = '$default' } = said.requestContext;
  // A stage with a name stands before every path; it is how this function is reached, and no part of what is asked.
  const prefix = `/${stage}`;
  const staged = stage !== '$default' && (said.rawPath === prefix || said.rawPath.startsWith(`${prefix}/`));
  const path = staged ? said.rawPath.slice(prefix.length) || '/' : said.rawPath;
  return { method: http.method, path, query: said.rawQueryString ?? '' };
}

function firstQuery(said: FirstFormat): string {
  // API Gateway decodes what it hands over, a load balancer does not.
  const written = said.requestContext.elb === undefined ? encodeURIComponent : (text: string) => text;
  return valuesOf(said.multiValueQueryStringParameters, said.queryStringParameters)
    .map(([name, value]) => `${written(name)}=${written(value)}`)
    .join('&');
}

function headersOf({ format, said }: HttpInvocation): Headers {
  const headers = new Headers();
  const sent = format === 'first' ? valuesOf(said.multiValueHeaders, said.headers) : valuesOf(undefined, said.headers);
  for (const [name, value] of sent) headers.append(name, asOnTheWire(value));
  if (format === 'second' && said.cookies?.length) headers.set('cookie', said.cookies.join('; '));
  return headers;
}

type Many = z.output<typeof many> | null | undefined;
type One = z.output<typeof one> | null | undefined;

/** The repeated ones where AWS hands them over, else those that it has joined with commas itself. */
function valuesOf(all: Many, joined: One): readonly (readonly [name: string, value: string])[] {
  if (all)
    return Object.entries(all).flatMap(([name, values]) => (values ?? []).map((value) => [name, value] as const));
  return Object.entries(joined ?? {}).flatMap(([name, value]) => (value == null ? [] : [[name, value] as const]));
}

/** Headers are bytes, which a Request holds as Latin-1 (as Node does); AWS hands them over as text. */
const asOnTheWire = (value: string): string => Buffer.from(value, 'utf8').toString('latin1');

export async function httpAnswer({ format, said }: HttpInvocation, response: Response): Promise<HttpAnswer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  const body = { body: isText ? text : bytes.toString('base64'), isBase64Encoded: !isText };
  const cookies = response.headers.getSetCookie();
  const plain = [...response.headers].filter(([name]) => name !== 'set-cookie');
  const common = { statusCode: response.status, ...body };
  if (format === 'second')
    return { ...common, headers: Object.fromEntries(plain), ...(cookies.length > 0 && { cookies }) };
  // A load balancer reads the one or the other, as its target group is set: the same as it has sent.
  if (!said.multiValueHeaders)
    return { ...common, headers: { ...Object.fromEntries(plain), ...(cookies[0] && { 'set-cookie': cookies[0] }) } };
  const repeated = plain.map(([name, value]) => [name, [value]] as const);
  return {
    ...common,
    multiValueHeaders: { ...Object.fromEntries(repeated), ...(cookies.length > 0 && { 'set-cookie': cookies }) },
  };
}
