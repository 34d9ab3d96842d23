/** `tidegate events send`: one CloudEvent from a file to a front door, and what became of it. */
import { readFile } from 'node:fs/promises';
import { structuredMessage } from '../../core/events/out/encode.ts';
import { parseEvents } from '../../core/events/parse/parse.ts';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { exitCodes, type Io } from '../io.ts';

export interface SendOptions {
  readonly to?: string;
  readonly sender?: string;
  readonly tokenEnv?: string;
  /** Seconds. */
  readonly wait?: string;
}

/** The front door and Temporal have so long to answer, beyond what is waited for, ms. */
const WITHIN_MS = 10_000;

export async function sendEvent(file: string, options: SendOptions, io: Io): Promise<number> {
  const base = options.to ?? io.env['TIDEGATE_URL'];
  if (base === undefined || !URL.canParse(base))
    refuse('Invalid', 'it is not said where the front door is', 'give --to URL or set TIDEGATE_URL');
  const body = await readFile(file).catch((error: unknown) =>
    refuse(
      'Invalid',
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'name a file',
    ),
  );
  const parsed = parseEvents({ headers: [['content-type', 'application/cloudevents+json']], body });
  const [first] = parsed.kind === 'events' ? parsed.incoming : [{ problem: parsed.problem }];
  if (first === undefined || 'problem' in first)
    return refuse('Invalid', `${file} is no CloudEvent: ${first?.problem.detail ?? 'it is empty'}`, 'mend the file');
  const message = structuredMessage(first.event);
  const token = options.tokenEnv === undefined ? '' : (io.env[options.tokenEnv] ?? '');
  const path = options.sender === undefined ? '/events' : `/events/${encodeURIComponent(options.sender)}`;
  const waitMs = Number(options.wait ?? 0) * 1_000;
  const response = await fetch(new URL(path, base), {
    method: 'POST',
    body: message.body,
    redirect: 'error',
    headers: {
      ...message.headers,
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(waitMs > 0 && { prefer: `wait=${options.wait ?? ''}` }),
    },
    signal: AbortSignal.timeout(waitMs + WITHIN_MS),
  }).catch((cause: unknown) => {
    throw new TidegateError('Unavailable', `the front door at ${base} does not answer`, {
      cause,
      fix: 'tidegate serve',
    });
  });
  io.stdout(`${response.status} ${await response.text()}\n`);
  return response.ok ? exitCodes.ok : response.status < 500 ? exitCodes.badInput : exitCodes.error;
}
