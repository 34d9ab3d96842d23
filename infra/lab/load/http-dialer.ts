import { Agent, request, type IncomingMessage } from 'node:http';
import { answeredBy, kindOf, once, type Dialer, type Outcome } from './dialer.ts';
import type { FailureKind } from './report.ts';

/** HTTP/1.1: a connection carries one request at a time. */
export function createHttpDialer(localAddress: string, keptConnections: number): Dialer {
  const kept = Array.from({ length: keptConnections }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  let turn = 0;

  /** The next one that is idle, else the next one: its request waits. */
  function nextAgent(width: number): Agent {
    turn++;
    const inTurn = Array.from({ length: width }, (_, i) => kept[(turn + i) % width] as Agent);
    return inTurn.find((agent) => Object.keys(agent.sockets).length === 0) ?? (inTurn[0] as Agent);
  }

  return {
    ask(to, { kept: width, headers }, done) {
      const outgoing = request({
        host: to.host,
        port: to.port,
        path: '/',
        localAddress,
        agent: width === undefined ? false : nextAgent(width),
        headers: { host: to.service, ...headers },
      });
      const end = once(done, () => outgoing.destroy());
      outgoing.on('error', (error: NodeJS.ErrnoException) =>
        end({ status: 0, failure: kindOf(error), detail: `${error.code ?? ''} ${error.message}` }),
      );
      outgoing.on('response', (response) => readAnswer(response, end));
      outgoing.end();
    },
    close: () => kept.forEach((agent) => agent.destroy()),
  };
}

function readAnswer(response: IncomingMessage, end: (outcome: Outcome) => void): void {
  let text = '';
  const status = response.statusCode ?? 0;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => (text += chunk));
  response.on('error', (error) => end({ status: 0, failure: 'reset', detail: error.message }));
  response.on('end', () => {
    const failure: FailureKind | undefined = status >= 500 ? '5xx' : status >= 300 ? 'status' : undefined;
    const bad = failure === undefined ? {} : { detail: `${status} ${text.slice(0, 160)}` };
    end({ status, failure, ...answeredBy(text), ...bad });
  });
}
