/** Arguments of `tidegate judge` → what is meant. All mistakes here are those of the command line. */
import type { Recording } from '../../core/judge/recording/recording.ts';
import type { LoadConfigInput } from '../../core/contract/activities.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { Io } from '../io.ts';
import { among, type Range } from './counts.ts';
import { durationMs, percentOf, timeMs } from './times.ts';
import type { JudgeType, Overrides } from './watch-input.ts';
import { present } from '../../core/values/json.ts';

/** As written. */
export interface JudgeArgs {
  readonly service?: string;
  readonly mesh?: string;
  readonly namespace?: string;
  readonly version?: string;
  readonly replaces?: string;
  readonly cluster?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly record?: string;
  readonly counts?: string;
  readonly judge?: JudgeType;
  readonly slo?: readonly string[];
  readonly share?: string;
  readonly warmUp?: string;
  readonly interval?: string;
  readonly toEnd?: boolean;
  /** Looks; default 30. */
  readonly every?: string;
  /** Default: on a terminal. */
  readonly chart?: boolean;
  readonly svg?: string;
  readonly output?: 'json';
}

type From =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'range'; readonly query: LoadConfigInput; readonly range: Range; readonly record?: string };

export interface JudgeOptions extends Narrowing {
  readonly from: From;
  readonly overrides: Overrides;
  readonly toEnd: boolean;
  readonly every: number;
  readonly chart: boolean;
  readonly svg?: string;
  readonly output: 'text' | 'json';
}

/** What replaces the header's. */
interface Narrowing {
  readonly clusters?: readonly string[];
  readonly sinceMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly sharePercent?: number | undefined;
}

/** A week of looks every 2 s takes minutes to replay, and a rollout's bakes are shorter. */
const LONGEST_MS = 7 * 86_400_000;
const SHORTEST_POLL_MS = 500;
const USUAL_EVERY = 30;

export const parseJudgeArgs = (args: JudgeArgs, io: Pick<Io, 'now' | 'columns'>): JudgeOptions => {
  const nowMs = io.now();
  const time = (option: 'from' | 'to'): number | undefined =>
    args[option] === undefined ? undefined : timeMs(`--${option}`, args[option], nowMs);
  const [sinceMs, toMs] = [time('from'), time('to')];
  const every = Number(args.every ?? USUAL_EVERY);
  if (!Number.isInteger(every) || every < 1)
    throw invalid(`--every ${args.every ?? ''} is no number of looks`, 'write 30');
  const output = args.output ?? 'text';
  const chart = args.chart ?? (io.columns > 0 && output === 'text');
  if (chart && output === 'json')
    throw invalid('--chart is no JSON', 'leave out --chart or -o json; --svg goes with both');
  return {
    from: args.counts === undefined ? rangeOf(args, { sinceMs, toMs, nowMs }) : fileOf(args, args.counts),
    overrides: overridesOf(args, chart || args.svg !== undefined),
    clusters: args.cluster ?? [],
    sinceMs,
    toMs,
    sharePercent: args.share === undefined ? undefined : percentOf('--share', args.share),
    toEnd: args.toEnd === true,
    every,
    chart,
    ...present({ svg: args.svg }),
    output,
  };
};

const invalid = (message: string, fix: string): TidegateError => new TidegateError('Invalid', message, { fix });

const overridesOf = ({ judge, warmUp, interval, slo }: JudgeArgs, evidence: boolean): Overrides => ({
  evidence,
  ...present({ judge }),
  ...(warmUp === undefined ? {} : { warmUpMs: durationMs('--warm-up', warmUp) }),
  ...(interval === undefined ? {} : { pollMs: durationMs('--interval', interval, SHORTEST_POLL_MS) }),
  ...present({ slos: slo }),
});

const fileOf = (args: JudgeArgs, path: string): From => {
  const given = (['version', 'replaces', 'record', 'mesh', 'namespace'] as const).filter(
    (name) => args[name] !== undefined,
  );
  const names = [...(args.service === undefined ? [] : ['SERVICE']), ...given.map((name) => `--${name}`)];
  if (names.length > 0) {
    throw invalid(
      `${names.join(', ')}: does not go with --counts`,
      'leave it out: the first line of the file says whose counts they are',
    );
  }
  return { kind: 'file', path };
};

interface Times {
  readonly sinceMs: number | undefined;
  readonly toMs: number | undefined;
  readonly nowMs: number;
}

const rangeOf = (args: JudgeArgs, { sinceMs, toMs: to, nowMs }: Times): From => {
  const { service, version, replaces = '', mesh, namespace, record } = args;
  if (service === undefined || version === undefined || sinceMs === undefined) {
    const needed = { SERVICE: service, '--version': version, '--from': sinceMs };
    const missing = Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : []));
    throw invalid(
      `${missing.join(', ')} is missing`,
      'tidegate judge SERVICE --version v2 --replaces v1 --from -2h, or tidegate judge --counts FILE',
    );
  }
  // Nothing is known of the future.
  const toMs = Math.min(to ?? nowMs, nowMs);
  if (toMs <= sinceMs) throw invalid('--to is not after --from', 'choose a range in the past');
  if (toMs - sinceMs > LONGEST_MS) throw invalid('the range is longer than 7 days', 'choose a shorter one');
  return {
    kind: 'range',
    query: { service, ...present({ mesh, namespace }) },
    range: { newVersion: version, oldVersion: replaces, clusters: args.cluster ?? [], fromMs: sinceMs, toMs },
    ...present({ record }),
  };
};

/** The recording with what the person asked for in its header. */
export const narrowed = ({ header, series }: Recording, { clusters = [], ...by }: Narrowing): Recording => {
  const kept = among(Object.keys(header.clusters), clusters);
  const toMs = by.toMs ?? header.toMs;
  const sinceMs = by.sinceMs ?? header.sinceMs;
  if (toMs !== undefined && toMs <= sinceMs)
    throw invalid('--to is not after --from', 'choose times within the recording');
  const narrowedHeader = {
    ...header,
    clusters: Object.fromEntries(Object.entries(header.clusters).filter(([name]) => kept.includes(name))),
    sinceMs,
    ...present({ toMs, sharePercent: by.sharePercent }),
  };
  return { header: narrowedHeader, series };
};
