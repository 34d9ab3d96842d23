/** All clusters side by side, each tried again for two minutes, with a line for whatever happens; then what is where. */
import { partFlag, partOf, type Part } from '../../core/routing/part.ts';
import { TidegateError, failureTypes } from '../../core/values/error.ts';
import { untilAborted } from '../../platform/abort.ts';
import { exitCodes, type Io } from '../io.ts';

/** How long a cluster that does not answer is tried, ms. */
const TRY_FOR_MS = 120_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface RestoredClusters {
  readonly service: string;
  readonly clusters: readonly string[];
  /** What goes back; absent: the versions, and what else is half moved. */
  readonly part?: Part;
  /** Clusters that a person left out, and why. */
  readonly absent: Readonly<Record<string, string>>;
}

/** One attempt in a cluster: what was done; undefined where the service has no record. Throws what stood in the way. */
export type BringOneBack = (cluster: string) => Promise<string | undefined>;

type End = 'restored' | 'no record' | 'failed';

export async function restoreAll(of: RestoredClusters, bringBack: BringOneBack, io: Io): Promise<number> {
  const asked = of.clusters.filter((name) => of.absent[name] === undefined);
  const ends = await Promise.all(asked.map(async (name) => [name, await restoreOne(name, bringBack, io)] as const));
  const named = (end: End): string[] => ends.filter(([, one]) => one === end).map(([name]) => name);
  const [back, failed] = [named('restored'), named('failed')];
  for (const [name, why] of Object.entries(of.absent)) {
    io.stdout(
      `${name}: ${why}; it keeps its last route until: tidegate restore ${of.service}${partFlag(partOf(of))}\n`,
    );
  }
  if (failed.length > 0) {
    io.stderr(
      `not restored: ${failed.join(', ')}${back.length > 0 ? `; restored: ${back.join(', ')}` : ''}. Repeat this command when they answer; it does no harm where it was done.\n`,
    );
    return exitCodes.needsPerson;
  }
  if (back.length === 0) {
    io.stderr(`no cluster has a record of ${of.service}: there is nothing to restore\n`);
    return exitCodes.ok;
  }
  io.stderr(
    `restored: ${back.join(', ')}. Records and routes were read back; the traffic itself was not asked: tidegate doctor ${of.service}\n`,
  );
  return exitCodes.restored;
}

async function restoreOne(name: string, bringBack: BringOneBack, io: Io): Promise<End> {
  const until = io.now() + TRY_FOR_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const done = await untilAborted(bringBack(name), io.signal);
      io.stdout(`${name}: ${done ?? 'no record: calls go as Cilium routes them by itself'}\n`);
      return done === undefined ? 'no record' : 'restored';
    } catch (error) {
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
      const again = mayPass(error) && !io.signal.aborted && io.now() + pauseMs < until;
      const what = `${name}: attempt ${attempt} failed: ${textOf(error)}`;
      io.stderr(again ? `${what}; again in ${pauseMs / 1000} s\n` : `${what}\n`);
      if (!again) return 'failed';
      await io.sleep(pauseMs);
    }
  }
}

/** Somebody who wrote in between is met again with what they wrote. */
const mayPass = (error: unknown): boolean =>
  error instanceof TidegateError && (failureTypes[error.code].retry || error.code === 'FencedOut');

const textOf = (error: unknown): string => {
  if (error instanceof TidegateError) return error.fix === '' ? error.message : `${error.message} (${error.fix})`;
  return error instanceof Error ? error.message : String(error);
};
