/** Sends what sinks are told: to the addresses of the config and nowhere else, within bounds, without following redirects. */
import { Agent, request } from 'undici';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { isPrivateWay } from '../../core/values/loopback.ts';

export interface SinkRequest {
  readonly url: string;
  readonly method: 'POST' | 'GET';
  readonly headers: Readonly<Record<string, string>>;
  /** '' = none. */
  readonly body: string;
}

export interface SinkAnswer {
  readonly status: number;
  /** As far as it is kept. */
  readonly text: string;
  /** Until when the sink wants to be left alone, ms; absent: it does not say. */
  readonly retryAfterMs?: number;
}

export interface SinkClient {
  /** @throws TidegateError Unavailable, Invalid */
  send(asked: SinkRequest, signal: AbortSignal): Promise<SinkAnswer>;
  close(): Promise<void>;
}

/** Whole request, ms. */
const DEADLINE_MS = 10_000;
/** Of an answer, bytes: the end of a list of deployments is of no interest. */
const MAX_ANSWER_BYTES = 256 * 1024;

export function createSinkClient({ deadlineMs = DEADLINE_MS }: { readonly deadlineMs?: number } = {}): SinkClient {
  const agent = new Agent({ connections: 20, keepAliveTimeout: 30_000, connect: { timeout: 5_000 } });
  return {
    async send({ url, method, headers, body }, signal) {
      assertSafe(url);
      const deadline = AbortSignal.timeout(deadlineMs);
      try {
        const answer = await request(url, {
          ...{ method, dispatcher: agent, signal: AbortSignal.any([deadline, signal]) },
          headers: { 'user-agent': 'tidegate', ...headers },
          ...(body !== '' && { body }),
        });
        const text = await readSome(answer.body);
        const after = Number(answer.headers['retry-after']);
        return {
          status: answer.statusCode,
          text,
          ...(Number.isFinite(after) && after > 0 && { retryAfterMs: after * 1_000 }),
        };
      } catch (error) {
        signal.throwIfAborted();
        const why = deadline.aborted
          ? `does not answer within ${deadlineMs / 1_000} s`
          : `cannot be reached: ${reasonOf(error)}`;
        throw new TidegateError('Unavailable', `${hostOf(url)} ${why}`, { cause: error });
      }
    },
    close: () => agent.close(),
  };
}

/** An address out of a secret has passed no check of the config. */
function assertSafe(url: string): void {
  if (!URL.canParse(url))
    refuse('Invalid', 'the secret with the address of the sink holds no URL', 'put the whole address there');
  const { protocol, hostname } = new URL(url);
  if (isPrivateWay({ protocol, hostname })) return;
  refuse('Invalid', `${hostOf(url)} would be told over ${protocol}`, 'give the sink an https address');
}

/** Never the path: those of Slack and Teams are secrets. */
const hostOf = (url: string): string => new URL(url).host;

const reasonOf = (error: unknown): string => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return String(code ?? message);
};

async function readSome(body: AsyncIterable<Uint8Array> & { destroy(): void }): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
