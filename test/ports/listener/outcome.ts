/** What a client got and what the app saw, and how two such outcomes differ, in words. */
import { exchange, type RawAnswer } from '../../support/raw-client.ts';
import type { Origin } from './origin.ts';
import { parseMessage, type RawMessage } from './raw-http.ts';
import type { Shape } from './shapes.ts';

export interface Outcome {
  readonly answers: readonly RawMessage[];
  /** Bytes after the last answer: those of an upgraded connection. */
  readonly rest: string;
  readonly closed: boolean;
  readonly requests: readonly RawMessage[];
}

/** @param port of the origin itself, or of an Envoy in front of it */
export const outcomeOf = async (shape: Shape, { port, origin }: { port: number; origin: Origin }): Promise<Outcome> => {
  origin.taken();
  const answer = await exchange(port, shape, (so) => {
    const { finals } = answersIn(shape, so);
    return finals >= (shape.answers ?? 1) && (so.closed || shape.untilClosed !== true);
  });
  const { messages, rest } = answersIn(shape, answer);
  return { answers: messages, rest, closed: answer.closed, requests: origin.taken() };
};

interface Answers {
  readonly messages: readonly RawMessage[];
  readonly finals: number;
  readonly rest: string;
}

const answersIn = ({ send }: Shape, { text, closed }: RawAnswer): Answers => {
  const messages: RawMessage[] = [];
  let [rest, finals] = [text, 0];
  while (rest !== '') {
    const status = Number(/^HTTP\/\S+ (\d{3})/.exec(rest)?.[1]);
    const bodyless = status < 200 || status === 204 || status === 304 || send.startsWith('HEAD ');
    const parsed = bodyless ? headOf(rest) : parseMessage(rest, { withoutLength: 'until-close', closed });
    if (parsed === undefined) break;
    messages.push(parsed.message);
    rest = parsed.rest;
    if (status === 101) return { messages, finals: finals + 1, rest };
    if (!(status < 200)) finals += 1;
  }
  return { messages, finals, rest };
};

/** An answer that has no body whatever its headers say. */
const headOf = (text: string): ReturnType<typeof parseMessage> => {
  const end = text.indexOf('\r\n\r\n');
  const head = parseMessage(text.slice(0, end + 4), { withoutLength: 'none', closed: true });
  return end === -1 || head === undefined ? undefined : { message: head.message, rest: text.slice(end + 4) };
};

/** Each difference as one line; empty: the same. The order of headers with different names is not compared. */
export const differences = (direct: Outcome, through: Outcome): readonly string[] => {
  const answers = statusesOf(through);
  // A refusal says it all: the request did not arrive, and the connection is closed.
  if (answers !== statusesOf(direct)) return [`answer: ${statusesOf(direct)} → ${answers}`];
  return [
    ...messagesDiffer('answer', direct.answers, through.answers),
    ...messagesDiffer('request', direct.requests, through.requests),
    ...(direct.rest === through.rest ? [] : [`after the answer: ${short(direct.rest)} → ${short(through.rest)}`]),
    ...(direct.closed === through.closed
      ? []
      : [`connection: ${direct.closed ? 'closed' : 'stays open'} → ${through.closed ? 'closed' : 'stays open'}`]),
  ];
};

/** Status lines in order; HTTP/1.0 or 1.1 makes no difference to them. */
export const statusesOf = ({ answers }: Outcome): string => answers.map(statusOf).join(', ') || 'none';

const messagesDiffer = (what: string, before: readonly RawMessage[], after: readonly RawMessage[]): string[] => {
  if (before.length !== after.length) {
    const starts = (all: readonly RawMessage[]): string => all.map(({ start }) => short(start)).join(', ') || 'none';
    return [`${what}: ${starts(before)} → ${starts(after)}`];
  }
  return [...new Set(before.flatMap((one, i) => messageDiffers(what, one, after[i] as RawMessage)))];
};

const messageDiffers = (what: string, before: RawMessage, after: RawMessage): string[] => [
  ...(before.start === after.start ? [] : [`${what}: ${short(before.start)} → ${short(after.start)}`]),
  ...headersDiffer(`${what} header`, before.headers, after.headers),
  ...(before.body === after.body ? [] : [`${what} body: ${short(before.body)} → ${short(after.body)}`]),
  ...headersDiffer(`${what} trailer`, before.trailers, after.trailers),
];

const statusOf = ({ start }: RawMessage): string => start.split(' ')[1] ?? '';

type Headers = RawMessage['headers'];

const headersDiffer = (what: string, before: Headers, after: Headers): string[] => {
  const names = [...new Set([...before, ...after].map(([name]) => name.toLowerCase()))].sort();
  const all = names.flatMap((name) => {
    const of = (headers: Headers): Headers => headers.filter(([other]) => other.toLowerCase() === name);
    const say = (headers: Headers): string =>
      headers.map(([as, value]) => `${as}: ${short(value)}`).join(', ') || 'none';
    const [mine, theirs] = [of(before), of(after)];
    return JSON.stringify(mine) === JSON.stringify(theirs) ? [] : [`${what}: ${say(mine)} → ${say(theirs)}`];
  });
  return all.length > 12 ? [`${what}s: ${all.length} of them differ, the first: ${all[0] ?? ''}`] : all;
};

const short = (text: string): string => {
  const shown = JSON.stringify(text).slice(1, -1);
  return shown.length > 70 ? `${shown.slice(0, 40)}… (${text.length} bytes)` : shown || 'nothing';
};
