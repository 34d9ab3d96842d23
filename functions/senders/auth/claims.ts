/** Which identity tokens of an issuer may send: an expression of the config over the claims. */
import { compileExpression, type Expression } from '../../../core/cel/expression.ts';
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import type { RawRequest, SenderTools } from '../sender.ts';
import { unauthenticated } from './refusals.ts';

/** More than one token in real life; a header of this size is no token. */
const MAX_TOKEN = 16_384;

/** @throws HttpProblem 401, 403, 503 */
export async function assertIdentity(
  request: RawRequest,
  { sender, tools }: { sender: SenderConfig; tools: SenderTools },
): Promise<Record<string, unknown>> {
  const { oidc } = sender;
  if (oidc === undefined) return unauthenticated(`sender ${sender.name} has no oidc in its Sender document`);
  const token = /^bearer +(\S+) *$/i.exec(request.headers.get('Authorization') ?? '')?.[1];
  if (token === undefined || token.length > MAX_TOKEN)
    return unauthenticated('Authorization has no identity token: send Authorization: Bearer <token>', 'Bearer');
  const claims = await tools.verifyToken(token, oidc);
  if (!isLetIn(oidc.claims, claims))
    throw new HttpProblem(403, 'the claims of this token are not let in by the Sender document');
  return claims;
}

/** A claim that is missing makes the expression fail, and lets nobody in. */
function isLetIn(text: string, claims: Record<string, unknown>): boolean {
  try {
    return compiled(text).evaluate({ claims }) === true;
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    const problem = new HttpProblem(403, 'the claims of this token are not those that the Sender document asks for');
    problem.cause = error;
    throw problem;
  }
}

/** Expressions of config, which changes seldom. */
const MAX_COMPILED = 64;
const kept = new Map<string, Expression>();

function compiled(text: string): Expression {
  const found = kept.get(text);
  if (found !== undefined) return found;
  const expression = compileExpression(text);
  if (kept.size >= MAX_COMPILED) kept.clear();
  kept.set(text, expression);
  return expression;
}
