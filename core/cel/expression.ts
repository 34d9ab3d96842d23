/**
 * core/cel: expressions that users write in config (filters and maps of triggers, claims of tokens), in CEL.
 *
 *   text ──compileExpression──► Expression ──evaluate(variables)──► a JSON value
 *
 * The library matches with RE2, so no pattern runs away; the sizes of what it is given are bounded here.
 */
import { parse, plan } from '@bufbuild/cel';
import { refuse } from '../values/error.ts';

export interface Expression {
  readonly text: string;
  /** @throws TidegateError Invalid, with the expression and why it has no value. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** @throws TidegateError Invalid, with the place in the text. */
export function compileExpression(text: string): Expression {
  void [parse, plan];
  return refuse('Invalid', `${text}: not built yet`, 'wait');
}
