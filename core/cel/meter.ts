/** What one evaluation may cost. The functions are called by expressions (`metered.ts`) under names that no user can write. */
import { celFunc, CelScalar, isCelList, isCelMap, type CelFunc, type CelValue } from '@bufbuild/cel';

/** Names with an `@` are no identifiers of CEL. */
export const meterNames = {
  turn: '@turn',
  items: '@items',
  size: '@size',
  all: '@all',
  text: '@text',
  pattern: '@pattern',
};

/** Units of work of one evaluation: a turn of a loop, an item of a list, 64 characters of a text. Some 20 ms of a slow machine. */
const BUDGET = 15_000;
/** Items of a list, and characters of a text, that an expression may make. */
const MAX_MADE = 100_000;
/** Characters of a pattern. */
const MAX_PATTERN = 200;

export interface Meter {
  readonly functions: CelFunc[];
  /** Why the evaluation was ended; '' = it was not. */
  readonly overrun: string;
  start(): void;
}

export function createMeter(): Meter {
  let left = BUDGET;
  let overrun = '';
  const stop = (why: string): never => {
    if (overrun === '') overrun = why;
    throw new Error(why);
  };
  const charge = (units: number): void => {
    left -= units;
    if (left < 0) stop(`more than ${BUDGET} steps`);
  };
  const { DYN } = CelScalar;
  const through = (name: string, look: (value: CelValue) => void): CelFunc =>
    celFunc(name, [DYN], DYN, (value) => {
      look(value);
      return value;
    });
  return {
    get overrun() {
      return overrun;
    },
    start: () => {
      left = BUDGET;
      overrun = '';
    },
    functions: [
      through(meterNames.turn, () => charge(1)),
      through(meterNames.items, (value) => charge(shallow(value))),
      through(meterNames.size, (value) => {
        const size = shallow(value);
        if (made(value) > MAX_MADE) stop(`it makes something larger than ${MAX_MADE} characters or items`);
        // A list is copied item by item, through every list that it was made of.
        charge(1 + size / (isCelList(value) ? 8 : 1));
      }),
      through(meterNames.all, (value) => deep(value, charge)),
      through(meterNames.text, (value) => charge(typeof value === 'string' ? 1 + value.length / 2 : 1)),
      through(meterNames.pattern, (value) => {
        if (typeof value !== 'string') return;
        if (value.length > MAX_PATTERN)
          stop(`a pattern of ${value.length} characters, where ${MAX_PATTERN} are allowed`);
        charge(5 * value.length);
      }),
    ],
  };
}

const made = (value: CelValue): number =>
  typeof value === 'string' || value instanceof Uint8Array ? value.length : isCelList(value) ? value.size : 0;

const shallow = (value: CelValue): number => {
  if (typeof value === 'string' || value instanceof Uint8Array) return 1 + value.length / 64;
  return isCelList(value) || isCelMap(value) ? 1 + value.size : 1;
};

/** Everything that a comparison of it may look at. */
function deep(value: CelValue, charge: (units: number) => void): void {
  charge(shallow(value));
  if (isCelList(value)) for (const one of value) deep(one, charge);
  else if (isCelMap(value)) for (const one of value.values()) deep(one, charge);
}
