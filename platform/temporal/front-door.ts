/**
 * Temporal for the front door: one connection per process, a deadline on every call, and no result unless somebody waits
 * for it. A process without Temporal starts all the same, and accepts nothing.
 */
import { Client, Connection, isGrpcServiceError, WorkflowFailedError } from '@temporalio/client';
import type { HandleEventInput, HandleEventResult } from '../../core/contract/events.ts';
import { TidegateError } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import { temporalConfig, type Env } from './connect.ts';
import { startHandleEvent, type StartedEvent } from './handle-event.ts';

/** A sender waits for its answer: GitHub for 10 s, Slack for 3. Two of them fit. ms. */
const START_WITHIN_MS = 3_000;
const PROBE_WITHIN_MS = 1_000;

export interface FrontDoorTemporal {
  startEvent(input: HandleEventInput): Promise<StartedEvent>;
  readonly client: Client;
  resultOf(id: string, withinMs: number): Promise<HandleEventResult | null>;
  unreachable(): Promise<string>;
  close(): Promise<void>;
}

export function connectFrontDoor({ env, installation }: { env: Env; installation: string }): FrontDoorTemporal {
  const { connectionOptions, namespace } = temporalConfig(env);
  const connection = Connection.lazy({ ...connectionOptions, connectTimeout: START_WITHIN_MS });
  const client = new Client({ connection, namespace });
  const within = <T>(ms: number, call: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + ms, call);
  return {
    client,
    async startEvent(input) {
      try {
        return await within(START_WITHIN_MS, () => startHandleEvent(client, input, installation));
      } catch (error) {
        throw refusalOf(error);
      }
    },
    async resultOf(id, withinMs) {
      try {
        return (await within(withinMs, () => client.workflow.getHandle(id).result())) as HandleEventResult;
      } catch (error) {
        if (error instanceof WorkflowFailedError) return failed(error);
        // The sender has its 202 all the same: that the result is not known is no failure.
        if (isUnanswered(error)) return null;
        throw error;
      }
    },
    async unreachable() {
      try {
        await within(PROBE_WITHIN_MS, () => connection.workflowService.describeNamespace({ namespace }));
        return '';
      } catch (error) {
        return `does not answer (${grpcError(error)?.code ?? 'no connection'})`;
      }
    },
    close: () => connection.close(),
  };
}

interface GrpcError {
  readonly code: number;
  readonly details: string;
}

/** The client wraps what gRPC said. undefined: it said nothing. */
function grpcError(error: unknown): GrpcError | undefined {
  for (let one = error; one !== undefined && one !== null; one = fieldAt(one, 'cause'))
    if (isGrpcServiceError(one)) return { code: one.code, details: one.details };
  return undefined;
}

const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const CANCELLED = 1;
const UNAVAILABLE = 14;

const isUnanswered = (error: unknown): boolean =>
  [CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE].includes(grpcError(error)?.code ?? -1) ||
  (error instanceof Error && error.name === 'WorkflowNotFoundError');

/** Whatever it was, Temporal may not have it: the sender comes again, but for what Temporal will never take. */
function refusalOf(error: unknown): TidegateError {
  const said = grpcError(error);
  if (said?.code === INVALID_ARGUMENT)
    return new TidegateError('Invalid', `Temporal does not take the event: ${said.details}`, { cause: error });
  const why = said === undefined ? String(error) : `gRPC ${said.code}: ${said.details}`;
  return new TidegateError('Unavailable', `Temporal has not taken the event: ${why}`, { cause: error });
}

function failed({ cause }: WorkflowFailedError): HandleEventResult {
  return { outcome: 'failed', reason: cause?.message ?? 'the handling failed', workflowId: '', runId: '' };
}
