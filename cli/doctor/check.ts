/**
 * What a check is, and how checks run: all groups at once, a group's checks in order, each line printed when it is known.
 * A check that gates ends its group on an error: what follows could only fail for the same reason.
 */
import { TidegateError } from '../../core/values/error.ts';
import type { Io } from '../io.ts';

type Severity = 'error' | 'warning';

export interface Finding {
  readonly severity: Severity;
  /** What, where and why. */
  readonly text: string;
  /** What to do about it. */
  readonly fix: string;
}

/** What a check saw. No findings: all well. */
export interface Observation {
  /** One short fact for the reader ("v1.34.1"); '' = nothing to add. */
  readonly note: string;
  readonly findings: readonly Finding[];
}

export interface Check {
  readonly description: string;
  /** Severity and remedy of a failure that brings none of its own (the check itself could not be made). */
  readonly severity: Severity;
  readonly hint: string;
  /** Attempts after the first, for answers that may pass: unreachable, throttled, not yet. */
  readonly retries: number;
  /** An error here makes the rest of the group meaningless. */
  readonly gates?: boolean;
  look(signal: AbortSignal): Promise<Observation>;
}

export interface CheckGroup<Of extends Check = Check> {
  /** A cluster, or what the checks are about. */
  readonly title: string;
  readonly checks: readonly Of[];
}

export interface CheckResult extends Observation {
  readonly description: string;
}

/** Between two attempts, ms: longer than a restart of a proxy, short for who waits. */
const RETRY_MS = 1_000;

export const well = (note = ''): Observation => ({ note, findings: [] });

export async function runCheck(check: Check, io: Pick<Io, 'signal' | 'sleep'>): Promise<CheckResult> {
  for (let left = check.retries; ; left -= 1) {
    try {
      return { description: check.description, ...(await check.look(io.signal)) };
    } catch (error) {
      io.signal.throwIfAborted();
      if (left <= 0 || !mayPass(error))
        return { description: check.description, note: '', findings: [failed(error, check)] };
      await io.sleep(RETRY_MS);
    }
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof TidegateError && ['Unavailable', 'Throttled', 'NotYet'].includes(error.code);

/** A check that cannot be made is a finding, not a crash: the others still tell something. */
function failed(error: unknown, { severity, hint }: Check): Finding {
  const text = error instanceof Error ? error.message : String(error);
  const fix = error instanceof TidegateError && error.fix !== '' ? error.fix : hint;
  return { severity, text, fix };
}

/** Starts every group at once, and prints them one after the other, a line when its check has ended. */
export async function runGroups(groups: readonly CheckGroup[], io: Io): Promise<readonly CheckResult[]> {
  const started = groups.map((group) => ({ group, results: startGroup(group, io) }));
  const all: CheckResult[] = [];
  for (const { group, results } of started) {
    io.stdout(`${group.title}\n`);
    for (const pending of results) {
      const result = await pending;
      if (result === null) continue;
      io.stdout(resultText(result));
      all.push(result);
    }
  }
  return all;
}

/** One promise per check; null = not made, since a gate before it failed. */
export function startGroup({ checks }: CheckGroup, io: Pick<Io, 'signal' | 'sleep'>): Promise<CheckResult | null>[] {
  let before: Promise<boolean> = Promise.resolve(true);
  return checks.map((check) => {
    const gate = before;
    const result = gate.then((open) => (open ? runCheck(check, io) : null));
    // Whoever waits for an earlier check hears of an interrupt there.
    result.catch(() => undefined);
    before = result.then((seen) => seen !== null && !(check.gates === true && hasError([seen])));
    before.catch(() => undefined);
    return result;
  });
}

export const hasError = (results: readonly Observation[]): boolean =>
  results.some(({ findings }) => findings.some(({ severity }) => severity === 'error'));

export function resultText({ description, note, findings }: CheckResult): string {
  const mark = hasError([{ note, findings }]) ? '✗' : findings.length > 0 ? '!' : '✓';
  const head = `  ${mark} ${description}${note === '' ? '' : `: ${note}`}`;
  const lines = findings.flatMap(({ severity, text, fix }) => [
    `      ${severity === 'error' ? '✗' : '!'} ${text.replaceAll('\n', '\n        ')}`,
    ...(fix === '' ? [] : [`        → ${fix}`]),
  ]);
  return `${[head, ...lines].join('\n')}\n`;
}
