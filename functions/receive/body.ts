/** The body of a request as it came, within its bound. */
import { eventLimits } from '../../core/events/parse/limits.ts';
import { HttpProblem } from '../../platform/http/problem.ts';

export async function readBody(request: Request): Promise<Uint8Array> {
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new HttpProblem(415, 'compressed bodies are not taken: send it as it is', {}, 'Content-Encoding');
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > eventLimits.bodyBytes) throw tooLarge();
  try {
    // Hosts see to it that a body is not longer than its length says.
    return length === null ? await readStream(request.body) : new Uint8Array(await request.arrayBuffer());
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem(400, 'the body did not come whole', {}, 'body');
  }
}

async function readStream(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (stream === null) return new Uint8Array();
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > eventLimits.bodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (): HttpProblem =>
  new HttpProblem(413, `the body has more than ${eventLimits.bodyBytes} bytes`, { connection: 'close' }, 'body');
