/**
 * Config for the front door: asked at every request, read again when a file of it has changed, and looked at once a second
 * at most. A request waits for a look only where the last one is old: of a busy door none does. While the files have faults
 * the last copy that was whole goes on, and says why: an editor's slip in one Service shuts nobody out. Who may send is of
 * today all the same: a sender that was taken out, or given another secret, is not let in by the old copy.
 */
import type { SendersToday } from '../../core/config/way-back.ts';
import { TidegateError } from '../../core/values/error.ts';
import { untilAborted } from '../abort.ts';
import { fileStamps } from '../kube/access/file-stamps.ts';
import { parsePlace } from '../../core/config/places/place.ts';
import { createConfigLoader, type ConfigLoader, type FrontDoorDocuments, type LeftOut } from './load.ts';
import { filesOf } from './read-files.ts';

/** ms. */
const LOOK_EVERY_MS = 1_000;

/** After so long what was seen is no longer gone by without another look: a look ends before, unless the disk hangs. ms. */
const FRESH_MS = 5_000;

/** A place that takes longer is passed by while there is a copy, ms. */
const WAIT_MS = 2_000;

export interface FrontDoorFiles extends Omit<FrontDoorDocuments, 'leftOut'> {
  /** Why an older copy stands in; '' = it does not. */
  readonly fault: string;
}

export interface FrontDoorConfigOptions {
  readonly directory: string;
  /** ms. */
  readonly now: () => number;
}

interface Kept {
  readonly documents: FrontDoorDocuments;
  /** When all of it was read. */
  readonly atMs: number;
}

export function createFrontDoorConfig({ directory, now }: FrontDoorConfigOptions): () => Promise<FrontDoorFiles> {
  const loader = createConfigLoader({ directory });
  const isFiles = parsePlace(directory).kind === 'files';
  let kept: Kept | undefined;
  let [stamps, fault, lookedAtMs] = ['', '', Number.NEGATIVE_INFINITY];
  let looking: { readonly end: Promise<void>; readonly long: AbortSignal } | undefined;

  const look = async (): Promise<void> => {
    const found = await stampsOf(directory, loader);
    if (found !== stamps || fault !== '' || kept === undefined) {
      try {
        const { leftOut = [], ...documents } = await loader.loadFrontDoor();
        const isWhole = leftOut.length === 0;
        const before = kept?.documents;
        kept = {
          documents: isWhole || before === undefined ? documents : withLeftOut(documents, { leftOut, before }),
          atMs: isWhole ? now() : (kept?.atMs ?? now()),
        };
        fault = isWhole ? '' : `${hasFaults}; these objects go on as they were, or are left out: ${namesOf(leftOut)}`;
      } catch (error) {
        if (!(error instanceof TidegateError) || kept === undefined) throw error;
        const goesOn = `what was read at ${new Date(kept.atMs).toISOString()} goes on`;
        // Of a place that cannot be asked nobody hears today's senders, either.
        const isAway = error.code === 'Unavailable';
        if (found !== stamps && !isAway)
          kept = { ...kept, documents: withSenders(kept.documents, await loader.readSenders()) };
        fault = isAway ? `cannot be read (${error.message}); ${goesOn}` : `${hasFaults}; ${goesOn}`;
      }
      stamps = found;
    }
    lookedAtMs = now();
  };

  return async () => {
    const sinceMs = now() - lookedAtMs;
    // Of a clock that was set back nobody knows how long it is.
    const ageMs = sinceMs < 0 ? Number.POSITIVE_INFINITY : sinceMs;
    if (ageMs >= LOOK_EVERY_MS)
      looking ??= {
        end: look().finally(() => (looking = undefined)),
        long: isFiles ? new AbortController().signal : AbortSignal.timeout(WAIT_MS),
      };
    const { end, long } = looking ?? {};
    const isOld = ageMs >= FRESH_MS;
    if (kept === undefined) await end?.catch(unusable);
    else if (!isOld) end?.catch(() => undefined);
    // Whoever comes once nothing is fresh any more waits for the next look, and hears of its fault.
    const isSlow = isOld && end !== undefined && long !== undefined && (await isLong(end, long));
    if (kept === undefined) throw new TidegateError('Bug', 'a look at the config has left nothing');
    const { documents, atMs } = kept;
    const slow = `does not answer; what was read at ${new Date(atMs).toISOString()} goes on`;
    return { ...documents, fault: isSlow && fault === '' ? slow : fault };
  };
}

async function isLong(end: Promise<void>, long: AbortSignal): Promise<boolean> {
  try {
    await untilAborted(end, long);
    return false;
  } catch (error) {
    return long.aborted || unusable(error);
  }
}

const hasFaults = 'has faults (tidegate validate shows them)';

const namesOf = (some: readonly LeftOut[]): string => some.map(({ kind, name }) => `${kind} ${name}`).join(', ');

interface Less {
  readonly leftOut: readonly LeftOut[];
  readonly before: FrontDoorDocuments;
}

/** Objects of a hub that have faults now go on as they were: what is sent meanwhile is not lost. */
function withLeftOut(documents: FrontDoorDocuments, { leftOut, before }: Less): FrontDoorDocuments {
  const isLeft = (wanted: LeftOut): boolean =>
    leftOut.some(
      ({ kind, namespace, name }) =>
        kind === wanted.kind && name === wanted.name && namespace === (wanted.namespace ?? namespace),
    );
  const { events } = documents;
  return {
    ...documents,
    events: {
      ...events,
      senders: [...events.senders, ...before.events.senders.filter(({ name }) => isLeft({ kind: 'Sender', name }))],
      triggers: [...events.triggers, ...before.events.triggers.filter(({ name }) => isLeft({ kind: 'Trigger', name }))],
    },
    services: [
      ...documents.services,
      ...before.services.filter(({ namespace, service: name }) => isLeft({ kind: 'Service', namespace, name })),
    ],
  };
}

/** The senders that still have a document, as it says today where it is right. */
function withSenders(documents: FrontDoorDocuments, { whole, names }: SendersToday): FrontDoorDocuments {
  const senders = documents.events.senders
    .filter(({ name }) => names === undefined || names.includes(name))
    .map((sender) => whole.find(({ name }) => name === sender.name) ?? sender);
  return { ...documents, events: { ...documents.events, senders } };
}

/** Files can be mended while senders come again. */
function unusable(error: unknown): never {
  if (!(error instanceof TidegateError)) throw error;
  throw new TidegateError('Unavailable', error.message, { fix: error.fix, cause: error });
}

/** '' = the folder cannot be read, which the loader tells better. Other places are looked at as a whole. */
async function stampsOf(directory: string, loader: Pick<ConfigLoader, 'readObjects'>): Promise<string> {
  const place = parsePlace(directory);
  if (place.kind === 'hub') {
    const objects = await loader.readObjects().catch((): never[] => []);
    return objects.map(({ object: { path, text } }) => `${path} ${text}`).join('\n');
  }
  // A repository is asked by whoever reads it, and now and then only: each look is one.
  if (place.kind === 'git') return `look ${String(Date.now())}`;
  const paths = await filesOf(directory).catch((): string[] => []);
  const found = await fileStamps(paths);
  return paths.map((path, at) => `${path} ${found[at] ?? ''}`).join('\n');
}
