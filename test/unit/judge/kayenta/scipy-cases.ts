/** Cases of test/fixtures/mann-whitney: computed by SciPy, see make.py there. */
import { readFileSync } from 'node:fs';

export interface ScipyCase {
  readonly name: string;
  readonly experiment: readonly number[];
  readonly control: readonly number[];
  readonly u: number;
  readonly p: number;
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
  /** Between these every value is a Hodges-Lehmann estimate. */
  readonly plateau: readonly [number, number];
}

const file = new URL('../../../fixtures/mann-whitney/cases.json', import.meta.url);

export const scipyCases = (JSON.parse(readFileSync(file, 'utf8')) as { cases: ScipyCase[] }).cases;
