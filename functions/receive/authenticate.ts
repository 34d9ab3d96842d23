/** Who sends: the named Sender document, or the first of those for CloudEvents that knows the request. */
import type { EventsConfig, SenderConfig } from '../../core/config/events/types.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import type { FrontDoorDeps } from '../deps.ts';
import type { RawRequest, Reception } from '../senders/sender.ts';

/** @param name undefined: anybody of type cloudevents. @throws HttpProblem 404 */
export function sendersFor({ senders }: EventsConfig, name: string | undefined): readonly SenderConfig[] {
  if (name === undefined) {
    const found = senders.filter(({ type }) => type === 'cloudevents');
    if (found.length === 0) throw new HttpProblem(404, 'no Sender document of type cloudevents takes events here');
    // Whoever authenticates himself is himself, and not anybody.
    return [...found].sort((a, b) => Number(a.allowUnauthenticated) - Number(b.allowUnauthenticated));
  }
  const named = senders.find((sender) => sender.name === name);
  if (named === undefined) throw new HttpProblem(404, 'no Sender document of that name takes events here');
  return [named];
}

export interface Authenticated {
  readonly sender: SenderConfig;
  readonly reception: Reception;
}

/** @throws HttpProblem 401 when none of them knows the request; what the first that does has to say otherwise */
export async function authenticate(
  request: RawRequest,
  candidates: readonly SenderConfig[],
  { senders, tools }: Pick<FrontDoorDeps, 'senders' | 'tools'>,
): Promise<Authenticated> {
  let refusal: HttpProblem | undefined;
  for (const sender of candidates) {
    const receive = Object.hasOwn(senders, sender.type) ? senders[sender.type] : undefined;
    if (receive === undefined) throw new HttpProblem(404, `senders of type ${sender.type} are not received here`);
    try {
      return { sender, reception: await receive(request, sender, tools) };
    } catch (error) {
      if (!(error instanceof HttpProblem) || error.status !== 401) throw error;
      refusal = error;
    }
  }
  throw refusal ?? new HttpProblem(401, 'no sender is known by this request');
}
