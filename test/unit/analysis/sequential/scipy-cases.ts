/** Cases of test/fixtures/sequential: computed by SciPy, see make.py there. */
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

const file = new URL('../../../fixtures/sequential/cases.json', import.meta.url);

export const scipyCases = JSON.parse(readFileSync(file, 'utf8')) as ScipyCases;
