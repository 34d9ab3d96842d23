/**
 * core/cel: expressions that users write in config (filters and maps of triggers, claims of tokens), in CEL.
 *
 *   text ──compileExpression──► Expression ──evaluate(variables)──► a JSON value
 *
 * What is evaluated comes from strangers, so everything is bounded: length and depth of the text, depth and size of what it
 * is given, and the work of one evaluation (`meter.ts`). Patterns are matched with RE2, which never runs away.
 */
import { celEnv, isCelError, parse, plan, type CelError } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { refuse, TidegateError } from '../values/error.ts';
import { createMeter } from './meter.ts';
import { metered, type CelExpr } from './metered.ts';
import { jsonOf, toCelVariables } from './values.ts';

export interface Expression {
  readonly text: string;
  /** @throws TidegateError Invalid, with the expression and why it has no value. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** Characters of an expression. */
const MAX_LENGTH = 2_000;
/** Brackets within brackets. */
const MAX_BRACKETS = 40;
/** Signs and `!` in a row: each nests, without a bracket. */
const MANY_SIGNS = /[!-](?:\s*[!-]){20}/u;

/** Of the extension for texts, those whose result is never longer than what they are given. */
const shortening = ['charAt', 'indexOf', 'lastIndexOf', 'lowerAscii', 'split', 'substring', 'trim', 'upperAscii'];
const textFunctions = strings.filter(({ name }) => shortening.includes(name));

const WRITE_SHORTER = 'write it shorter, or as several filters';

/** @throws TidegateError Invalid, with the place in the text. */
export function compileExpression(text: string): Expression {
  assertModest(text);
  const { expr, sourceInfo } = parsed(text);
  const meter = createMeter();
  const run = planned(text, () => plan(celEnv({ funcs: [...textFunctions, ...meter.functions] }), metered(expr)));
  const placeOf = ({ exprId }: CelError): string => place(text, sourceInfo?.positions[String(exprId)] ?? 0);
  return {
    text,
    evaluate: (variables) => {
      const bindings = within(text, () => toCelVariables(variables));
      meter.start();
      const result = run(bindings);
      if (meter.overrun !== '')
        return refuse(
          'Invalid',
          `${shown(text)} takes too much work: ${meter.overrun}`,
          'compare less, or shorter lists',
        );
      if (isCelError(result))
        return refuse('Invalid', `${shown(text)}: ${result.message} ${placeOf(result)}`, fixOf(result));
      return within(text, () => jsonOf(result));
    },
  };
}

/** Long texts are cut where people read them. */
const shown = (text: string): string => `\`${text.length > 200 ? `${text.slice(0, 200)}…` : text}\``;

function assertModest(text: string): void {
  if (text.trim() === '') refuse('Invalid', 'an expression is empty', 'write one, such as event.type == "…"');
  if (text.length > MAX_LENGTH)
    refuse(
      'Invalid',
      `${shown(text)} has ${text.length} characters, and at most ${MAX_LENGTH} are read`,
      WRITE_SHORTER,
    );
  let depth = 0;
  for (const [offset, character] of [...text].entries()) {
    if ('([{'.includes(character)) depth += 1;
    if (')]}'.includes(character)) depth -= 1;
    if (depth > MAX_BRACKETS)
      refuse(
        'Invalid',
        `${shown(text)} has more than ${MAX_BRACKETS} brackets within each other ${place(text, offset)}`,
        WRITE_SHORTER,
      );
  }
  const signs = MANY_SIGNS.exec(text);
  if (signs !== null)
    refuse('Invalid', `${shown(text)} has more than 20 signs in a row ${place(text, signs.index)}`, WRITE_SHORTER);
}

/** `at line 1, column 12`. */
function place(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

function parsed(text: string): { expr: CelExpr; sourceInfo: ReturnType<typeof parse>['sourceInfo'] } {
  try {
    const { expr, sourceInfo } = parse(text);
    if (expr === undefined) return refuse('Invalid', `${shown(text)} says nothing`, WRITE_SHORTER);
    return { expr, sourceInfo };
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    return refuse(
      'Invalid',
      `${shown(text)} is no CEL: ${wherePhrase(text, error)}`,
      'see https://cel.dev: texts stand in quotes, equality is ==',
    );
  }
}

/** The parser says `<input>:2:16: found . but expecting end of input`. */
function wherePhrase(text: string, error: unknown): string {
  if (error instanceof RangeError) return `it is nested too deep ${place(text, 0)}`;
  const message = error instanceof Error ? error.message : String(error);
  const at = /^<input>:(\d+):(\d+): (.*)$/su.exec(message);
  if (at === null) return `${message} ${place(text, 0)}`;
  return `${(at[3] ?? '').slice(0, 200)} at line ${at[1]}, column ${at[2]}`;
}

function planned<T>(text: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const why =
      error instanceof RangeError ? 'it is nested too deep' : error instanceof Error ? error.message : String(error);
    return refuse('Invalid', `${shown(text)} is no CEL: ${why} ${place(text, 0)}`, WRITE_SHORTER);
  }
}

/** What is wrong with a value is told with the expression that it is about. */
function within<T>(text: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return refuse('Invalid', `${shown(text)}: ${error.message}`, error.fix);
  }
}

/** CEL adds no whole number to a number of JSON, which is a double. */
const fixOf = ({ message }: CelError): string => {
  if (/overload for '_[-+*/%]_'.*\bdouble\b/u.test(message) && /\bu?int\b/u.test(message))
    return 'numbers of JSON are doubles: write n + 1.0 instead of n + 1';
  if (/not found|no such (key|field)|unresolved attribute/u.test(message))
    return 'ask first whether it is there: has(event.data.field) && …';
  return 'correct the expression: tidegate trigger test FILE shows every value';
};
