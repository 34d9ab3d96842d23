/** Requests as clients in the wild write them, and some that only a strange one would: byte for byte. */
import type { RawRequest } from '../../support/raw-client.ts';

export interface Shape extends RawRequest {
  readonly name: string;
  /** How many answers the client waits for; 1 when left out. */
  readonly answers?: number;
  /** The client waits for the other side to close. */
  readonly untilClosed?: true;
}

const HOST = 'Host: checkout.shop:8080';

const text = (...lines: string[]): string => [...lines, '', ''].join('\r\n');

/** A request without body: request line, Host, and these headers. */
const get = (name: string, ...headers: string[]): Shape => ({ name, send: text('GET / HTTP/1.1', HOST, ...headers) });

const line = (name: string, requestLine: string, ...headers: string[]): Shape => ({
  name,
  send: text(requestLine, HOST, ...headers),
});

const withBody = (name: string, head: string[], body: string): Shape => ({
  name,
  send: `${text('POST / HTTP/1.1', HOST, ...head)}${body}`,
});

const upgrade = (protocol: string): string[] => ['Connection: Upgrade', `Upgrade: ${protocol}`];

const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

const upgrades: readonly Shape[] = [
  {
    ...get('websocket', ...upgrade('websocket'), 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZQ=='),
    then: 'frames',
  },
  {
    ...line('websocket that the app closes', 'GET /answer/websocket-closes HTTP/1.1', ...upgrade('websocket')),
    untilClosed: true,
  },
  line('websocket that the app declines', 'GET /answer/client-error HTTP/1.1', ...upgrade('websocket')),
  get('websocket in capitals', ...upgrade('WebSocket')),
  get('upgrade TLS/1.2', ...upgrade('TLS/1.2')),
  get('upgrade TLS/1.2 and keep-alive', 'Connection: Upgrade, Keep-Alive', 'Upgrade: TLS/1.2'),
  get('upgrade TLS/1.0 and HTTP/2', ...upgrade('TLS/1.0, HTTP/2.0')),
  get('upgrade h2c', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'),
  get('upgrade spdy', ...upgrade('SPDY/3.1')),
  get('upgrade of one letter', ...upgrade('w')),
  get('upgrade that begins like websocket', ...upgrade('websocket2')),
  get('upgrade websocket or another', ...upgrade('websocket, foo')),
  get('upgrade without Connection', 'Upgrade: TLS/1.2'),
  get('connection names an upgrade that is not there', 'Connection: Upgrade'),
  withBody('upgrade TLS/1.2 with a body', [...upgrade('TLS/1.2'), 'Content-Length: 5'], 'hello'),
];

const lengths: readonly Shape[] = [
  withBody('body with length', ['Content-Length: 5'], 'hello'),
  withBody('body in chunks', ['Transfer-Encoding: chunked'], CHUNKS),
  withBody('chunks beside a length', ['Content-Length: 15', 'Transfer-Encoding: chunked'], CHUNKS),
  withBody('chunks beside a wrong length', ['Content-Length: 3', 'Transfer-Encoding: chunked'], CHUNKS),
  withBody('chunks in capitals', ['Transfer-Encoding: Chunked'], CHUNKS),
  withBody('chunk extension', ['Transfer-Encoding: chunked'], '5;a=b\r\nhello\r\n0\r\n\r\n'),
  withBody('chunk size in capitals', ['Transfer-Encoding: chunked'], `A\r\n0123456789\r\n0\r\n\r\n`),
  withBody(
    'chunks with trailers',
    ['Trailer: X-Sum', 'Transfer-Encoding: chunked'],
    '2\r\nok\r\n0\r\nX-Sum: abc\r\n\r\n',
  ),
  withBody('gzip, then chunked', ['Transfer-Encoding: gzip, chunked'], CHUNKS),
  withBody('transfer encoding identity', ['Transfer-Encoding: identity', 'Content-Length: 5'], 'hello'),
  withBody('the same length twice', ['Content-Length: 5', 'Content-Length: 5'], 'hello'),
  withBody('length as a list', ['Content-Length: 5, 5'], 'hello'),
  withBody('two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'hello'),
  withBody('length with a plus', ['Content-Length: +5'], 'hello'),
  withBody('POST without length', [], ''),
  withBody('POST of nothing', ['Content-Length: 0'], ''),
  { name: 'GET with a body', send: `${text('GET / HTTP/1.1', HOST, 'Content-Length: 5')}hello` },
  { name: 'GET with length 0', send: text('GET / HTTP/1.1', HOST, 'Content-Length: 0') },
  { name: 'DELETE with a body', send: `${text('DELETE /a HTTP/1.1', HOST, 'Content-Length: 5')}hello` },
  withBody('one MiB', ['Content-Length: 1048576'], 'x'.repeat(1_048_576)),
  {
    name: 'expect 100-continue',
    send: text('POST / HTTP/1.1', HOST, 'Expect: 100-continue', 'Content-Length: 5'),
    then: 'hello',
  },
];

const methods: readonly Shape[] = [
  ...[
    'HEAD',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'REPORT',
    'QUERY',
    'M-SEARCH',
    'PURGE',
    'FOO',
    'get',
  ].map((method) => line(`method ${method}`, `${method} / HTTP/1.1`)),
  line('method of odd characters', "X-!#$%&'*+.^_`|~1 / HTTP/1.1"),
  {
    name: 'method QUERY with a body',
    send: `${text('QUERY / HTTP/1.1', HOST, 'Content-Type: text/plain', 'Content-Length: 5')}hello`,
  },
  line('OPTIONS *', 'OPTIONS * HTTP/1.1'),
  { name: 'CONNECT', send: text('CONNECT db.shop:5432 HTTP/1.1', 'Host: db.shop:5432') },
];

const earlyAnswers: readonly Shape[] = [
  {
    name: 'answered before the body came',
    send: text('POST /answer/early HTTP/1.1', HOST, 'Content-Length: 1000000'),
    untilClosed: true,
  },
];

const targets: readonly Shape[] = [
  line('absolute target', 'GET http://checkout.shop:8080/a?b=c HTTP/1.1'),
  line('absolute target of another host', 'GET http://other.shop/a HTTP/1.1'),
  line('absolute target without path', 'GET http://checkout.shop:8080 HTTP/1.1'),
  line('absolute https target', 'GET https://checkout.shop:8080/a HTTP/1.1'),
  line('dots and slashes', 'GET /a//b/../c/./d HTTP/1.1'),
  line('escaped slash', 'GET /a%2Fb%5cc HTTP/1.1'),
  line('escaped capitals and lower case', 'GET /%7Euser/%7euser HTTP/1.1'),
  line('fragment', 'GET /a#b HTTP/1.1'),
  line('fragment after query', 'GET /a?b=c#d HTTP/1.1'),
  line('empty query', 'GET /? HTTP/1.1'),
  line('two question marks', 'GET /?a=?b HTTP/1.1'),
  line('backslash', 'GET /a\\b HTTP/1.1'),
  line('quotes and brackets', 'GET /?a="x"&b[]={1}|^` HTTP/1.1'),
  line('UTF-8 in the path', 'GET /caf\xc3\xa9 HTTP/1.1'),
  line('latin1 in the path', 'GET /caf\xe9 HTTP/1.1'),
  line('a null byte, escaped', 'GET /a%00b HTTP/1.1'),
  line('a broken escape', 'GET /a%zz HTTP/1.1'),
  line('long path', `GET /${'a'.repeat(10_000)} HTTP/1.1`),
  line('target without slash', 'GET a/b HTTP/1.1'),
  line('target that begins with two slashes', 'GET //other.shop/a HTTP/1.1'),
];

const headers: readonly Shape[] = [
  get('plain', 'Accept: */*'),
  get('header case', 'X-Request-Id: 1', 'X-CUSTOM-Thing: a', 'x-lower: b', 'SOAPAction: "c"', 'dNT: 1'),
  get('underscores', 'x_under_score: 1'),
  get('same header twice', 'X-Twice: 1', 'X-Other: 2', 'x-twice: 3'),
  get('cookies twice', 'Cookie: a=1', 'Cookie: b=2'),
  get('empty value', 'X-Empty:', 'X-Spaces:   a  b  '),
  get('no space after the colon', 'X-Tight:1'),
  get('tab in a value', 'X-Tab: a\tb'),
  get('UTF-8 in a value', 'X-Name: M\xc3\xbcller'),
  get('latin1 in a value', 'X-Name: M\xfcller'),
  get('control character in a value', 'X-Bell: a\x07b'),
  get('null byte in a value', 'X-Null: a\x00b'),
  get('folded header', 'X-Folded: a', ' b'),
  get('space before the colon', 'X-Space : 1'),
  get('space in a name', 'X Space: 1'),
  get('odd but legal name', "X-!#$%&'*+.^`|~: 1"),
  get('header without colon', 'X-Nothing'),
  get('large header', `X-Large: ${'x'.repeat(60_000)}`),
  get('headers of 500 KB', ...Array.from({ length: 10 }, (_, i) => `X-Large-${String(i)}: ${'x'.repeat(50_000)}`)),
  get('300 headers', ...Array.from({ length: 300 }, (_, i) => `X-${String(i)}: 1`)),
  get('1 100 headers', ...Array.from({ length: 1_100 }, (_, i) => `X-${String(i)}: 1`)),
  get(
    'of other proxies',
    'X-Forwarded-For: 203.0.113.7',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: shop.example',
    'X-Forwarded-Port: 443',
    'Forwarded: for=203.0.113.7',
    'Via: 1.1 ingress',
    'X-Real-IP: 203.0.113.7',
  ),
  get('odd x-forwarded-proto', 'X-Forwarded-Proto: wss'),
  get(
    'x-envoy headers',
    'X-Forwarded-For: 10.1.2.3',
    'x-envoy-max-retries: 3',
    'x-envoy-retry-on: 5xx',
    'x-envoy-upstream-rq-timeout-ms: 1',
    'x-envoy-internal: true',
    'x-envoy-original-path: /x',
    'x-envoy-external-address: 1.2.3.4',
    'x-envoy-expected-rq-timeout-ms: 5',
    'x-envoy-decorator-operation: a',
    'x-envoy-attempt-count: 1',
    'x-envoy-downstream-service-cluster: a',
    'x-envoy-own: 1',
  ),
  get(
    'hop-by-hop',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'TE: trailers',
    'Proxy-Authorization: Basic YQ==',
  ),
  get('TE of other encodings', 'Connection: TE', 'TE: trailers, deflate;q=0.5'),
  get('connection names a header', 'Connection: keep-alive, X-Mine', 'X-Mine: 1'),
  get('connection close', 'Connection: close'),
  get('connection keep-alive', 'Connection: keep-alive'),
  get(
    'trace context',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'tracestate: a=b',
    'X-B3-TraceId: 1',
  ),
  get('client certificate', 'X-Forwarded-Client-Cert: By=a'),
  get('priority and early data', 'Priority: u=1', 'Early-Data: 1'),
];

const hosts: readonly Shape[] = [
  { name: 'no Host', send: text('GET / HTTP/1.1') },
  { name: 'empty Host', send: text('GET / HTTP/1.1', 'Host:') },
  { name: 'Host without port, in capitals', send: text('GET / HTTP/1.1', 'HOST: Checkout.SHOP') },
  { name: 'two hosts', send: text('GET / HTTP/1.1', 'Host: a', 'Host: b') },
  { name: 'Host with a trailing dot', send: text('GET / HTTP/1.1', 'Host: checkout.shop.') },
  { name: 'Host with an underscore', send: text('GET / HTTP/1.1', 'Host: check_out') },
  { name: 'Host with odd characters', send: text('GET / HTTP/1.1', 'Host: a b/c') },
  { name: 'Host last', send: text('GET / HTTP/1.1', 'Accept: */*', HOST) },
];

const versions: readonly Shape[] = [
  { name: 'HTTP/1.0', send: text('GET / HTTP/1.0') },
  { name: 'HTTP/1.0 with Host', send: text('GET / HTTP/1.0', HOST) },
  { name: 'HTTP/1.0 keep-alive', send: text('GET / HTTP/1.0', HOST, 'Connection: keep-alive') },
  { name: 'HTTP/1.0 answered in chunks', send: text('GET /answer/until-close HTTP/1.0', HOST) },
  { name: 'HTTP/1.0 POST', send: `${text('POST / HTTP/1.0', HOST, 'Content-Length: 5')}hello` },
  { name: 'HTTP/1.2', send: text('GET / HTTP/1.2', HOST) },
  { name: 'HTTP/2 in an HTTP/1 line', send: text('GET / HTTP/2.0', HOST) },
  { name: 'empty lines first', send: `\r\n\r\n${text('GET / HTTP/1.1', HOST)}` },
  { name: 'bare line feeds', send: `GET / HTTP/1.1\n${HOST}\n\n` },
  { name: 'two spaces in the request line', send: text('GET  / HTTP/1.1', HOST) },
  { name: 'lower case http/1.1', send: text('GET / http/1.1', HOST) },
  { name: 'TLS to a plain port', send: '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n' },
  { name: 'no HTTP', send: 'PING\r\n\r\n' },
];

const connections: readonly Shape[] = [
  { name: 'half closed after the request', send: text('GET / HTTP/1.1', HOST), halfCloses: true },
  {
    name: 'half closed after a body',
    send: `${text('POST / HTTP/1.1', HOST, 'Content-Length: 5')}hello`,
    halfCloses: true,
  },
  { name: 'pipelined', send: text('GET /1 HTTP/1.1', HOST) + text('GET /2 HTTP/1.1', HOST), answers: 2 },
  {
    name: 'pipelined after a body',
    send: `${text('POST /1 HTTP/1.1', HOST, 'Content-Length: 5')}hello${text('GET /2 HTTP/1.1', HOST)}`,
    answers: 2,
  },
  { name: 'one after the other', send: text('GET /1 HTTP/1.1', HOST), then: text('GET /2 HTTP/1.1', HOST), answers: 2 },
  { name: 'head in two pieces', send: 'GET / HTT', then: `P/1.1\r\n${HOST}\r\n\r\n` },
];

const asks = (name: string, path: string, method = 'GET'): Shape =>
  line(`answer: ${name}`, `${method} /answer/${path} HTTP/1.1`);

const answered: readonly Shape[] = [
  asks('chunked', 'chunked'),
  asks('trailers', 'trailers'),
  asks('until the connection closes', 'until-close'),
  asks('HTTP/1.0', 'http-1-0'),
  asks('204', 'no-content'),
  asks('304', 'not-modified'),
  asks('a reason of its own', 'own-reason'),
  asks('no reason', 'no-reason'),
  asks('status 299', 'odd-status'),
  asks('status 600', 'status-600'),
  asks('status 418', 'client-error'),
  asks('status 500', 'server-error'),
  asks('offers an upgrade', 'upgrade-offer'),
  asks('keep-alive', 'keep-alive'),
  asks('closes', 'closing'),
  asks('two cookies', 'cookies'),
  asks('odd header names', 'odd-names'),
  asks('UTF-8 in a value', 'utf-8'),
  asks('no Server header', 'no-server'),
  asks('x-envoy, Via and Date of the app', 'own-envoy-headers'),
  asks('header of 100 KB', 'large-headers'),
  asks('300 headers', 'many-headers'),
  asks('early hints', 'early-hints'),
  asks('chunks beside a length', 'both-lengths'),
  asks('the same length twice', 'same-length-twice'),
  asks('length to HEAD', 'head-length', 'HEAD'),
  asks('spaces in values', 'spaces-in-value'),
];

export const shapes: readonly Shape[] = [
  ...headers,
  ...upgrades,
  ...lengths,
  ...methods,
  ...targets,
  ...hosts,
  ...versions,
  ...connections,
  ...earlyAnswers,
  ...answered,
];
