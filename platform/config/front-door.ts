/**
 * Config for the front door: asked at every request, read again when a file of it has changed, and looked at once a second
 * at most. While the files have faults the last copy that was whole goes on, and says why: an editor's slip in one
 * Service shuts nobody out.
 */
import { TidegateError } from '../../core/values/error.ts';
import { fileStamps } from '../kube/access/file-stamps.ts';
import { createConfigLoader, type FrontDoorDocuments } from './load.ts';
import { filesOf } from './read-files.ts';

/** ms. */
const LOOK_EVERY_MS = 1_000;

export interface FrontDoorFiles extends FrontDoorDocuments {
  readonly installation: string;
  /** Why an older copy stands in; '' = it does not. */
  readonly fault: string;
}

export interface FrontDoorConfigOptions {
  readonly directory: string;
  readonly installation: string;
  /** ms. */
  readonly now: () => number;
}

interface Kept {
  readonly documents: FrontDoorDocuments;
  readonly atMs: number;
}

export function createFrontDoorConfig({
  directory,
  installation,
  now,
}: FrontDoorConfigOptions): () => Promise<FrontDoorFiles> {
  const loader = createConfigLoader({ directory });
  let kept: Kept | undefined;
  let [stamps, fault, lookedAtMs] = ['', '', Number.NEGATIVE_INFINITY];
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    const found = await stampsOf(directory);
    if (found !== stamps || fault !== '' || kept === undefined) {
      try {
        kept = { documents: await loader.loadFrontDoor(), atMs: now() };
        fault = '';
      } catch (error) {
        if (!(error instanceof TidegateError) || kept === undefined) throw error;
        fault = `has faults (tidegate validate shows them); what was read at ${new Date(kept.atMs).toISOString()} goes on`;
      }
      stamps = found;
    }
    lookedAtMs = now();
  };

  return async () => {
    if (now() - lookedAtMs >= LOOK_EVERY_MS || kept === undefined) {
      looking ??= look().finally(() => (looking = undefined));
      await looking.catch(unusable);
    }
    if (kept === undefined) throw new TidegateError('Bug', 'a look at the config has left nothing');
    return { ...kept.documents, installation, fault };
  };
}

/** Files can be mended while senders come again. */
function unusable(error: unknown): never {
  if (!(error instanceof TidegateError)) throw error;
  throw new TidegateError('Unavailable', error.message, { fix: error.fix, cause: error });
}

/** '' = the folder cannot be read, which the loader tells better. */
async function stampsOf(directory: string): Promise<string> {
  const paths = await filesOf(directory).catch((): string[] => []);
  const found = await fileStamps(paths);
  return paths.map((path, at) => `${path} ${found[at] ?? ''}`).join('\n');
}
