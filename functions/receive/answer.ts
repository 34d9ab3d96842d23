/** What the sender is told: one answer, or one per element of a batch. */
import type { Handled, Handling } from './hand-over.ts';
import { problemBody, problemResponse } from '../problem.ts';

export interface Answering {
  /** One element stands for itself; a list is answered as a list. */
  readonly isList: boolean;
  /** Did the sender ask to wait for results, and did we? */
  readonly waited: boolean;
}

export function answerOf(handled: readonly Handled[], { isList, waited }: Answering): Response {
  const [only] = handled;
  if (!isList && only?.kind === 'problem') return problemResponse(only.problem);
  const isRefused = handled.length > 0 && handled.every(({ kind }) => kind === 'problem');
  const elements = handled.map(elementOf);
  if (isRefused) {
    const detail = 'none of the events is valid: see the elements';
    return problemResponse({ status: 400, detail, at: '' }, {}, { elements });
  }
  const handlings = handled.flatMap((one) => (one.kind === 'problem' ? [] : one.handlings));
  // 200 says that all of it is done; what is only accepted is 202 (web hooks, 2.2).
  const isDone = waited && handlings.every(({ result }) => result !== undefined);
  const body = isList ? { matched: handlings.length, elements } : (elements[0] ?? { matched: 0 });
  return new Response(JSON.stringify(body), {
    status: isDone ? 200 : 202,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'private, no-store',
      ...(waited ? { 'preference-applied': 'wait' } : {}),
    },
  });
}

function elementOf(handled: Handled): Readonly<Record<string, unknown>> {
  if (handled.kind === 'problem') return problemBody(handled.problem);
  const { handlings, failures } = handled;
  return {
    matched: handlings.length,
    ...(handlings.length === 0 ? {} : { handled: handlings.map(handlingText) }),
    ...(failures.length === 0 ? {} : { failed: failures }),
  };
}

const handlingText = ({ id, input, state, result }: Handling): Readonly<Record<string, unknown>> => ({
  trigger: input.trigger,
  service: `${input.namespace}/${input.service}`,
  workflowId: id,
  duplicate: state === 'duplicate',
  ...(result === undefined ? {} : { result }),
});
