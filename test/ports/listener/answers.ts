/** What the app answers to /answer/<name>. */

interface Answer {
  readonly text: string;
  readonly closes?: boolean;
}

const lines = (...all: string[]): string => all.join('\r\n');

const OK = 'HTTP/1.1 200 OK';
const SERVER = 'Server: the-app';
const SWITCHES = lines('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket', '', 'hello');

export const answers: Readonly<Record<string, Answer | undefined>> = {
  /** What comes afterwards is sent back. */
  websocket: { text: SWITCHES },
  'websocket-closes': { text: SWITCHES, closes: true },
  early: {
    text: lines('HTTP/1.1 413 Too Large', SERVER, 'Connection: close', 'Content-Length: 2', '', 'no'),
    closes: true,
  },
  chunked: { text: lines(OK, SERVER, 'Transfer-Encoding: chunked', '', '5', 'hello', '0', '', '') },
  trailers: {
    text: lines(OK, SERVER, 'Trailer: X-Sum', 'Transfer-Encoding: chunked', '', '2', 'ok', '0', 'X-Sum: abc', '', ''),
  },
  'until-close': { text: lines(OK, SERVER, 'Connection: close', '', 'to the end'), closes: true },
  'http-1-0': { text: lines('HTTP/1.0 200 OK', SERVER, '', 'to the end'), closes: true },
  'no-content': { text: lines('HTTP/1.1 204 No Content', SERVER, '', '') },
  'not-modified': { text: lines('HTTP/1.1 304 Not Modified', SERVER, 'ETag: "1"', '', '') },
  'own-reason': { text: lines('HTTP/1.1 200 Fine By Me', SERVER, 'Content-Length: 2', '', 'ok') },
  'no-reason': { text: lines('HTTP/1.1 200 ', SERVER, 'Content-Length: 2', '', 'ok') },
  'odd-status': { text: lines('HTTP/1.1 299 Odd', SERVER, 'Content-Length: 2', '', 'ok') },
  'status-600': { text: lines('HTTP/1.1 600 Odd', SERVER, 'Content-Length: 2', '', 'ok') },
  'client-error': { text: lines('HTTP/1.1 418 Teapot', SERVER, 'Content-Length: 2', '', 'ok') },
  'server-error': { text: lines('HTTP/1.1 500 Oops', SERVER, 'Content-Length: 2', '', 'ok') },
  'upgrade-offer': { text: lines(OK, SERVER, 'Upgrade: h2,h2c', 'Connection: Upgrade', 'Content-Length: 2', '', 'ok') },
  'keep-alive': {
    text: lines(OK, SERVER, 'Connection: keep-alive', 'Keep-Alive: timeout=5', 'Content-Length: 2', '', 'ok'),
  },
  closing: { text: lines(OK, SERVER, 'Connection: close', 'Content-Length: 2', '', 'ok'), closes: true },
  cookies: { text: lines(OK, SERVER, 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'Content-Length: 2', '', 'ok') },
  'odd-names': {
    text: lines(OK, SERVER, 'ETag: "1"', 'x_under_score: 1', 'WWW-Authenticate: Basic', 'Content-Length: 2', '', 'ok'),
  },
  'utf-8': { text: lines(OK, SERVER, 'X-Name: M\xc3\xbcller', 'Content-Length: 2', '', 'ok') },
  'no-server': { text: lines(OK, 'Content-Length: 2', '', 'ok') },
  'own-envoy-headers': {
    text: lines(
      OK,
      SERVER,
      'x-envoy-upstream-service-time: 7',
      'x-envoy-app: 1',
      'Via: 1.1 app',
      'Date: Thu, 01 Jan 1970 00:00:00 GMT',
      'Content-Length: 2',
      '',
      'ok',
    ),
  },
  'large-headers': { text: lines(OK, SERVER, `X-Large: ${'x'.repeat(100_000)}`, 'Content-Length: 2', '', 'ok') },
  'many-headers': {
    text: lines(
      OK,
      SERVER,
      ...Array.from({ length: 300 }, (_, i) => `X-${String(i)}: 1`),
      'Content-Length: 2',
      '',
      'ok',
    ),
  },
  'early-hints': {
    text: lines(
      'HTTP/1.1 103 Early Hints',
      'Link: </a.css>; rel=preload',
      '',
      OK,
      SERVER,
      'Content-Length: 2',
      '',
      'ok',
    ),
  },
  'both-lengths': {
    text: lines(OK, SERVER, 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '2', 'ok', '0', '', ''),
  },
  'same-length-twice': { text: lines(OK, SERVER, 'Content-Length: 2', 'Content-Length: 2', '', 'ok') },
  'head-length': { text: lines(OK, SERVER, 'Content-Length: 1234', '', '') },
  'spaces-in-value': { text: lines(OK, SERVER, 'X-Spaces:    a  b   ', 'X-Empty:', 'Content-Length: 2', '', 'ok') },
};
