/** HTTP/1 as it is on the wire: every byte of a head is kept, nothing is refused. Text is latin1, one character a byte. */

export interface RawMessage {
  /** Request or status line. */
  readonly start: string;
  /** Name and value as they were written, in order. A folded line is part of the value before it. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
}

export interface Parsed {
  readonly message: RawMessage;
  /** What follows the message. */
  readonly rest: string;
}

/** How a body ends when no length is given: a request has none, a response goes on until the connection is closed. */
export type WithoutLength = 'none' | 'until-close';

export interface ParseOptions {
  readonly withoutLength: WithoutLength;
  /** The other side has closed: what is there is all. */
  readonly closed: boolean;
}

export const headerOf = ({ headers }: Pick<RawMessage, 'headers'>, wanted: string): string | undefined =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1];

/** The first whole message of a text; undefined: more must come. */
export const parseMessage = (text: string, { withoutLength, closed }: ParseOptions): Parsed | undefined => {
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return undefined;
  const [start = '', ...lines] = text.slice(0, end.index).split(/\r?\n/);
  const head = { start, headers: headersOf(lines) };
  const after = text.slice(end.index + end[0].length);
  const whole = (body: string, rest: string): Parsed => ({ message: { ...head, body, trailers: [] }, rest });
  if (headerOf(head, 'transfer-encoding')?.toLowerCase().endsWith('chunked') === true) {
    const chunked = parseChunks(after);
    return chunked && { message: { ...head, body: chunked.body, trailers: chunked.trailers }, rest: chunked.rest };
  }
  const length = headerOf(head, 'content-length');
  if (length !== undefined) {
    const bytes = Number(length.split(',')[0]) || 0;
    return after.length < bytes && !closed ? undefined : whole(after.slice(0, bytes), after.slice(bytes));
  }
  if (withoutLength === 'none') return whole('', after);
  return closed ? whole(after, '') : undefined;
};

const headersOf = (lines: readonly string[]): RawMessage['headers'] => {
  const unfolded: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && unfolded.length > 0) unfolded.push(`${unfolded.pop() ?? ''}\r\n${line}`);
    else unfolded.push(line);
  }
  return unfolded.map((line) => {
    const colon = line.indexOf(':');
    return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
};

const parseChunks = (text: string): { body: string; trailers: RawMessage['headers']; rest: string } | undefined => {
  let body = '';
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (size > 0) {
      if (text.length < line + 2 + size + 2) return undefined;
      body += text.slice(line + 2, line + 2 + size);
      at = line + 2 + size + 2;
      continue;
    }
    if (text.startsWith('\r\n', line + 2)) return { body, trailers: [], rest: text.slice(line + 4) };
    const end = text.indexOf('\r\n\r\n', line + 2);
    if (end === -1) return undefined;
    return { body, trailers: headersOf(text.slice(line + 2, end).split('\r\n')), rest: text.slice(end + 4) };
  }
};
