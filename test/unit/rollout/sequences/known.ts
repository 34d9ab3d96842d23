/**
 * Rules that are broken today, each with the shortest sequence that breaks it. The property lets these rules pass, so the
 * list must shrink to nothing: a test fails as soon as one of its sequences keeps its rule, and asks to move it to `mended`.
 */
import type { Sequence } from './settle.ts';

export interface Known extends Sequence {
  /** Number in issue 11; 0: found here. */
  readonly fault: number;
  readonly what: string;
  readonly rule: string;
}

export const known: readonly Known[] = [];
