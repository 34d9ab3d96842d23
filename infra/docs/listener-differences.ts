/**
 * All that the listener of a service under Tidegate does not carry as it came, tried with raw requests. A test sends each
 * shape to an app directly and through the rendered listener: what differs is on this list, and what is on it differs.
 */

export interface ListenerDifference {
  readonly what: string;
  /** What becomes of it. */
  readonly through: string;
  /** Lines of the comparison that it explains, * for any text. */
  readonly changes: readonly string[];
  /** Names of request shapes that show it; `every`: all that reach the app. */
  readonly shapes: readonly string[] | 'every';
}

export interface ListenerRefusal extends Omit<ListenerDifference, 'changes' | 'shapes'> {
  /** Status that the client gets; null: the connection is closed without an answer. */
  readonly status: number | null;
  /** By name of the shape: what Node's own HTTP server, a strict one, answers to it. */
  readonly shapes: Readonly<Record<string, number>>;
}

/** Answered by Envoy: the app never sees it. */
export const listenerRefusals: readonly ListenerRefusal[] = [
  {
    what: 'A client that closes its sending half after the request (`nc -N`, some health checkers)',
    through: 'the connection is closed and the client gets no answer; the app may have seen the request',
    status: null,
    shapes: { 'half closed after the request': 200, 'half closed after a body': 200 },
  },
  {
    what: 'A `#` in the request target, with and without a query',
    through: 'refused',
    status: 400,
    shapes: { fragment: 200, 'fragment after query': 200 },
  },
  {
    what: 'Bytes above 127 in the request target (UTF-8 or latin1 that is not escaped)',
    through: 'refused',
    status: 400,
    shapes: { 'UTF-8 in the path': 400, 'latin1 in the path': 400 },
  },
  {
    what: 'A target that does not begin with a slash',
    through: 'refused',
    status: 400,
    shapes: { 'target without slash': 400 },
  },
  {
    what: '`CONNECT`, and `OPTIONS *`: an HTTP proxy cannot stand behind the listener',
    through: 'not found',
    status: 404,
    shapes: { CONNECT: 405, 'OPTIONS *': 200 },
  },
  {
    what: '`QUERY` without a body (with one it is carried)',
    through: 'refused',
    status: 400,
    shapes: { 'method QUERY': 200 },
  },
  {
    what: 'No `Host` in HTTP/1.1, or one with characters that no host name has',
    through: 'refused',
    status: 400,
    shapes: { 'no Host': 400, 'Host with odd characters': 200 },
  },
  {
    what: '`Content-Length` twice, as a list, or with a sign',
    through: 'refused, also when both say the same',
    status: 400,
    shapes: { 'the same length twice': 400, 'length as a list': 400, 'two lengths': 400, 'length with a plus': 400 },
  },
  {
    what: '`Content-Length` twice in an answer of the app',
    through: 'refused, also when both say the same',
    status: 502,
    shapes: { 'answer: the same length twice': 200 },
  },
  {
    what: '`Transfer-Encoding: identity`',
    through: 'refused',
    status: 400,
    shapes: { 'transfer encoding identity': 400 },
  },
  {
    what: 'Transfer encodings other than `chunked`',
    through: 'refused',
    status: 501,
    shapes: { 'gzip, then chunked': 200 },
  },
  {
    what: 'Header names with a space, a header without a colon, control characters or a null byte in a value',
    through: 'refused',
    status: 400,
    shapes: {
      'space before the colon': 400,
      'space in a name': 400,
      'header without colon': 400,
      'control character in a value': 400,
      'null byte in a value': 400,
    },
  },
  {
    what: 'More than 1 000 headers, or headers of more than 1 MiB in all',
    through: 'refused',
    status: 431,
    shapes: { '1 100 headers': 431 },
  },
  {
    what: 'Bytes that are no HTTP (TLS to the plain port, another protocol, `http/1.1` in lower case)',
    through: 'refused',
    status: 400,
    shapes: { 'lower case http/1.1': 400, 'TLS to a plain port': 400, 'no HTTP': 400 },
  },
];

/** Carried, but not byte for byte. */
export const listenerDifferences: readonly ListenerDifference[] = [
  {
    what: 'Every request without `X-Forwarded-Proto`',
    through: 'the app gets `X-Forwarded-Proto: http` besides',
    changes: ['request header: none → X-Forwarded-Proto: http'],
    shapes: 'every',
  },
  {
    what: 'Every answer without `Date`',
    through: 'the client gets a `Date` besides',
    changes: ['answer header: none → Date: *'],
    shapes: 'every',
  },
  {
    what: 'An offer to upgrade to anything but `websocket` (`TLS/1.2`, `h2c`, `SPDY/3.1`)',
    through: 'the offer is left out, and the app answers the request as one without it',
    changes: [
      'request header: Upgrade: * → none',
      'request header: Upgrade: websocket, foo → Upgrade: websocket',
      'request header: Connection: * → none',
      'request header: HTTP2-Settings: * → none',
    ],
    shapes: [
      'upgrade TLS/1.2',
      'upgrade TLS/1.2 and keep-alive',
      'upgrade TLS/1.0 and HTTP/2',
      'upgrade h2c',
      'upgrade spdy',
      'upgrade of one letter',
      'upgrade that begins like websocket',
      'upgrade websocket or another',
      'upgrade without Connection',
      'upgrade TLS/1.2 with a body',
    ],
  },
  {
    what: 'An upgrade that the app offers in its answer',
    through: 'left out',
    changes: ['answer header: Upgrade: * → none', 'answer header: Connection: Upgrade → none'],
    shapes: ['answer: offers an upgrade'],
  },
  {
    what: 'A WebSocket that the app declines',
    through: 'the answer is carried, then the connection of the client is closed',
    changes: ['answer header: none → Connection: close'],
    shapes: ['websocket that the app declines'],
  },
  {
    what:
      'Headers about the connection (`Connection` and what it names, `Keep-Alive`, `Proxy-Connection`, `TE` other than ' +
      '`trailers`)',
    through: 'left out: Envoy keeps connections to clients and to pods apart',
    changes: [
      'request header: Connection: * → none',
      'request header: Keep-Alive: * → none',
      'request header: Proxy-Connection: * → none',
      'request header: X-Mine: 1 → none',
      'request header: TE: * → TE: trailers',
      'answer header: none → Connection: close',
      'answer header: Connection: * → none',
      'answer header: Keep-Alive: * → none',
    ],
    shapes: [
      'hop-by-hop',
      'TE of other encodings',
      'connection names a header',
      'connection names an upgrade that is not there',
      'connection close',
      'connection keep-alive',
      'answer: keep-alive',
    ],
  },
  {
    what: 'An app that closes its connection after an answer',
    through: 'the connection of the client stays open; an answer without a length comes in chunks',
    changes: [
      'answer header: Connection: close → none',
      'answer header: none → Transfer-Encoding: chunked',
      'answer: HTTP/1.0 200 OK → HTTP/1.1 200 OK',
      'connection: closed → stays open',
    ],
    shapes: ['answer: until the connection closes', 'answer: HTTP/1.0', 'answer: closes'],
  },
  {
    what: 'HTTP/1.0, and versions that are not there',
    through:
      'the app gets HTTP/1.1, with the name of the service as `Host` where there was none; the answer is HTTP/1.0',
    changes: [
      'request: * → * HTTP/1.1',
      'request header: none → Host: checkout',
      'request header: Connection: keep-alive → none',
      'answer: HTTP/1.1 200 OK → HTTP/1.0 200 OK',
      'answer header: none → Connection: *',
      'connection: stays open → closed',
    ],
    shapes: [
      'HTTP/1.0',
      'HTTP/1.0 with Host',
      'HTTP/1.0 keep-alive',
      'HTTP/1.0 answered in chunks',
      'HTTP/1.0 POST',
      'HTTP/1.2',
      'HTTP/2 in an HTTP/1 line',
    ],
  },
  {
    what: 'A whole URL as the request target, as clients of an HTTP proxy send it',
    through: 'the app gets the path, and the host of the URL as `Host`',
    changes: ['request: GET http*://* HTTP/1.1 → GET /* HTTP/1.1', 'request header: Host: * → Host: other.shop'],
    shapes: [
      'absolute target',
      'absolute target of another host',
      'absolute target without path',
      'absolute https target',
    ],
  },
  {
    what: 'Chunks beside a `Content-Length`, either way',
    through: 'the chunks count and the length is left out',
    changes: ['request header: Content-Length: * → none', 'answer header: Content-Length: * → none'],
    shapes: ['chunks beside a length', 'chunks beside a wrong length', 'answer: chunks beside a length'],
  },
  {
    what: 'A request that may have a body and says nothing of one (`POST`, `PUT`, `OPTIONS`, methods of your own)',
    through: 'the app gets `Content-Length: 0` besides',
    changes: ['request header: none → Content-Length: 0'],
    shapes: [
      'POST without length',
      'method PUT',
      'method PATCH',
      'method OPTIONS',
      'method PROPFIND',
      'method REPORT',
      'method M-SEARCH',
      'method PURGE',
      'method FOO',
      'method get',
      'method of odd characters',
    ],
  },
  {
    what:
      '`x-envoy-max-retries`, `x-envoy-retry-on`, `x-envoy-upstream-rq-timeout-ms`, `x-envoy-expected-rq-timeout-ms` ' +
      'and `x-envoy-internal`',
    through: 'left out, and without effect',
    changes: ['request header: x-envoy-*: * → none'],
    shapes: ['x-envoy headers'],
  },
  {
    what: 'Writing: a name that is there twice in different case, a folded header, two spaces in the request line',
    through: 'the first spelling counts, the line is joined, one space',
    changes: [
      'request header: X-Twice: 1, x-twice: 3 → X-Twice: 1, X-Twice: 3',
      'request header: X-Folded: a\\r\\n b → X-Folded: a b',
      'request: GET  / HTTP/1.1 → GET / HTTP/1.1',
      'request header: Transfer-Encoding: Chunked → Transfer-Encoding: chunked',
      'answer: HTTP/1.1 200  → HTTP/1.1 200 OK',
    ],
    shapes: [
      'same header twice',
      'folded header',
      'two spaces in the request line',
      'chunks in capitals',
      'answer: no reason',
    ],
  },
  {
    what: 'Two `Host` headers',
    through: 'the app gets one with both, which it refuses',
    changes: ['request header: Host: a, Host: b → Host: a,b'],
    shapes: ['two hosts'],
  },
  {
    what: 'Names of trailers',
    through: 'in lower case',
    changes: ['request trailer: X-Sum: abc → x-sum: abc', 'answer trailer: X-Sum: abc → x-sum: abc'],
    shapes: ['chunks with trailers', 'answer: trailers'],
  },
];
