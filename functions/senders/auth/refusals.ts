/** What a sender is told that cannot show who it is: where it went wrong, and never what would have been right. */
import { HttpProblem } from '../../../platform/http/problem.ts';

export function unauthenticated(what: string, challenge = ''): never {
  throw new HttpProblem(401, what, challenge === '' ? {} : { 'www-authenticate': challenge });
}
