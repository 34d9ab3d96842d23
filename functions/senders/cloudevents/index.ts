/** CloudEvents as they are, from whoever shows the sender's bearer token: in a header, or in the query, as web hooks may. */
import { parseEvents } from '../../../core/events/parse/parse.ts';
import { isAuthorized } from '../../../platform/http/bearer.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import type { Receive } from '../sender.ts';

export const receiveCloudEvents: Receive = async (request, sender, tools) => {
  const isVouched = sender.trust === 'lambda' && request.vouchedBy === 'aws';
  if (!sender.allowUnauthenticated && !isVouched) {
    const query = request.url.searchParams.get('access_token');
    const shown = request.headers.get('authorization') ?? (query === null ? '' : `Bearer ${query}`);
    const secrets = (await tools.secrets(sender)).filter((secret) => secret !== '');
    // Each is compared, so that the time does not say which one it was.
    const isKnown = secrets.map((secret) => isAuthorized(shown, secret)).includes(true);
    if (!isKnown) throw new HttpProblem(401, 'the bearer token is missing or wrong');
  }
  const parsed = parseEvents({ headers: request.headers, body: request.body });
  if (parsed.kind === 'refused') {
    const { status, detail, at } = parsed.problem;
    throw new HttpProblem(status, detail, {}, at);
  }
  return { kind: 'events', incoming: parsed.incoming, by: { name: sender.name, how: 'sender' } };
};
