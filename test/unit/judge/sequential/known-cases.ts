/** Cases of test/fixtures/sequential: computed by SciPy and confseq, see make.py and confseq.cpp there. */
import { readFileSync } from 'node:fs';

interface ScipyCases {
  readonly logGamma: readonly { x: number; log: number }[];
  readonly logMoments: readonly {
    newTotal: number;
    oldTotal: number;
    bad: number;
    tilts: readonly number[];
    logs: readonly number[];
  }[];
  readonly fisher: readonly {
    newTotal: number;
    oldTotal: number;
    newBad: number;
    oldBad: number;
    odds: number;
    log: number;
  }[];
  readonly binomialTails: readonly { k: number; n: number; p: number; upper: number; lower: number }[];
  readonly betaMixtures: readonly { a: number; b: number; bad: number; good: number; p: number; log: number }[];
}

interface ConfseqCases {
  readonly alpha: number;
  /** Least number of bad requests of n at which a mixture that is tuned to n finds more than the part p of them bad. */
  readonly boundaries: readonly { p: number; n: number; bad: number }[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/sequential/${name}.json`, import.meta.url), 'utf8'));

export const scipyCases = read('cases') as ScipyCases;
export const confseqCases = read('confseq') as ConfseqCases;
