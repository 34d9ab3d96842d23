/** Regular expressions of users, matched with RE2: what they are held against may come from strangers. */
import { refuse, TidegateError } from '../values/error.ts';
import { compileExpression } from './expression.ts';

/** @throws TidegateError Invalid, where it is no regular expression of RE2. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const expression = compileExpression('text.matches(pattern)');
  const matches = (text: string): boolean => expression.evaluate({ text, pattern }) === true;
  try {
    matches('');
    return matches;
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    const why = /error parsing regexp: (.*) at line/su.exec(error.message)?.[1] ?? error.message;
    return refuse('Invalid', `${pattern} is no regular expression: ${why}`, 'write it as RE2 has it: ^main-[0-9]+$');
  }
}
