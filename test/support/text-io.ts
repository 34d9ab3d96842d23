/** A terminal for commands in tests: what they print is kept, nothing is waited for. */
import type { Io } from '../../cli/io.ts';

export interface TextIo extends Io {
  readonly out: string;
  readonly err: string;
}

export function textIo(env: Io['env'] = {}): TextIo {
  const text = { out: '', err: '' };
  return {
    get out() {
      return text.out;
    },
    get err() {
      return text.err;
    },
    stdout: (line) => void (text.out += line),
    stderr: (line) => void (text.err += line),
    columns: 0,
    env,
    now: () => 0,
    sleep: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
}
