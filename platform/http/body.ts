/** The body of a request, within bounds before and after it is inflated. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { HttpProblem } from './problem.ts';

/** Collectors send batches of some 8 000 points, 1 to 2 MB; their exporters split what is refused as too large. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const inflate = promisify(gunzip);

export const readBody = async (request: IncomingMessage): Promise<Uint8Array> => {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity')
    throw new HttpProblem(415, `content-encoding ${encoding} is not known: send gzip, or none`);
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge('the body');
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The connection must live on for the answer, also when the body is not read to its end.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge('the body');
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return encoding === 'gzip' ? await inflated(body) : body;
};

/** In zlib's threads: the size of what comes out is bounded there. */
const inflated = async (body: Uint8Array): Promise<Uint8Array> => {
  try {
    return await inflate(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('the inflated body');
    throw new HttpProblem(400, 'the body is not gzip, although content-encoding says so');
  }
};

const tooLarge = (what: string): HttpProblem =>
  new HttpProblem(413, `${what} has more than ${MAX_BODY_BYTES} bytes: send smaller batches`);
