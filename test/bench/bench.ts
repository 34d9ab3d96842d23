/** What a bench is, and what it hands over. */

export interface BenchContext {
  readonly repeats: number;
  /** How long `history` waits at its gate and in its bake, minutes. */
  readonly minutes: number;
  readonly report: (line: string) => void;
  /** Aborts on Ctrl-C: every wait ends, and the lab with it. */
  readonly signal: AbortSignal;
}

/** One quantity over the repeats. */
export interface Measure {
  readonly what: string;
  readonly unit: 'ms' | 's' | '×' | '';
  /** In order of the repeats. */
  readonly values: readonly number[];
  /** What must hold (issue 3, "Must hold"), of the median or of every value. */
  readonly bound?: { readonly of: 'median' | 'every'; readonly atMost: number };
}

export interface BenchResult {
  readonly title: string;
  /** Everything that another person needs to get these numbers again. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly measures: readonly Measure[];
  /** How it was measured and what it does not say; a sentence each. */
  readonly notes: readonly string[];
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  /** Default of --repeats. */
  readonly repeats: number;
  readonly run: (context: BenchContext) => Promise<BenchResult>;
}
