/** Structured logs, one JSON object a line. Nothing secret is given to them; what slips in by an error is taken out here. */
import { pino } from 'pino';
import { redacted } from '../core/values/error.ts';
import type { Log } from './deps.ts';

const secretFields = [
  'authorization',
  'cookie',
  'set-cookie',
  'signature',
  'secret',
  'secrets',
  'token',
  'password',
  'access_token',
  'url',
];

export function createLog(write: (line: string) => void): Log {
  return pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: {
        paths: secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]),
        censor: '[redacted]',
      },
      serializers: { err: errorText, why: (why: unknown) => redacted(String(why)) },
    },
    { write },
  );
}

const errorText = (error: unknown): string =>
  redacted(error instanceof Error ? (error.stack ?? error.message) : String(error));
