/**
 * What AWS's managed Node runtime does in the sandbox of a function: it loads the handler that _HANDLER names from
 * LAMBDA_TASK_ROOT, and asks the runtime API for one invocation after the other until it is killed.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

type Handler = (invocation: unknown, context: Readonly<Record<string, unknown>>) => Promise<unknown>;

const { AWS_LAMBDA_RUNTIME_API = '', LAMBDA_TASK_ROOT = '', _HANDLER = '' } = process.env;
const api = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> => {
  const answer = await fetch(`${api}${path}`, { method: 'POST', body: JSON.stringify(body ?? null), headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
};

const failure = (error: unknown): Readonly<Record<string, unknown>> => {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { errorType: name, errorMessage: message, trace: stack?.split('\n') ?? [] };
};

function load(): Handler {
  const [file = '', name = ''] = _HANDLER.split('.');
  const loaded = createRequire(join(LAMBDA_TASK_ROOT, 'x.js'))(`./${file}.js`) as Record<string, unknown>;
  const handler = loaded[name];
  if (typeof handler !== 'function') throw new Error(`${_HANDLER} is no function`);
  return handler as Handler;
}

async function handlerOrInitError(): Promise<Handler> {
  try {
    return load();
  } catch (error) {
    await post('/init/error', failure(error), { 'lambda-runtime-function-error-type': 'Runtime.Unknown' });
    process.exit(1);
  }
}

const handler = await handlerOrInitError();
for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const id = next.headers.get('lambda-runtime-aws-request-id') ?? '';
  const deadlineMs = Number(next.headers.get('lambda-runtime-deadline-ms'));
  const invocation: unknown = await next.json();
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadlineMs - Date.now() };
  try {
    const answer = await handler(invocation, context);
    await post(`/invocation/${id}/response`, answer);
  } catch (error) {
    await post(`/invocation/${id}/error`, failure(error), { 'lambda-runtime-function-error-type': 'Error' });
  }
}
