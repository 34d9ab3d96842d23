/** Config in hub clusters. What talks to an API server is loaded where a place is one: a front door has no need of it. */
import type { HubObject } from '../../../core/config/hub/object.ts';
import { type DirectAccess, describeAccess, withPaths } from '../../../core/kube/cluster-access.ts';
import { refuse, TidegateError } from '../../../core/values/error.ts';
import { absolutePath } from '../absolute-path.ts';
import type { Hub } from './hub.ts';
import type { PlacesRead } from './places-read.ts';

interface Hubs {
  read(access: DirectAccess): Promise<PlacesRead>;
}

export function createHubs(): Hubs {
  let opened: Promise<Hub> | undefined;
  return {
    async read(access) {
      try {
        opened ??= openHub(access);
        const objects = await (await opened).list();
        return { ...{ files: objects, objects, problems: [] }, origins: originsOf(objects) };
      } catch (error) {
        if (!(error instanceof TidegateError)) throw error;
        const file = `hub (${describeAccess(access)})`;
        const problem = { file, line: 0, path: '', reason: `cannot be read: ${error.message}`, hint: error.fix };
        return { files: [], problems: [problem], origins: new Map(), unreached: error };
      }
    },
  };
}

const originsOf = (objects: readonly HubObject[]): PlacesRead['origins'] =>
  new Map(objects.map(({ path, origin }) => [path, origin]));

/** Paths start at the folder in which Tidegate was started. */
export async function openHub(access: DirectAccess): Promise<Hub> {
  const absolute = (path: string): string => absolutePath(path, process.cwd());
  const { createHub } = await import(/* webpackIgnore: true */ './hub.ts').catch(notHere);
  return createHub(withPaths(access, absolute));
}

/** The package of the Lambda function has nothing that talks to API servers. */
const notHere = (cause: unknown): never => {
  if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  return refuse(
    'Invalid',
    'this package reads config from a directory only',
    'put the config beside it: npm run build:lambda -- --config DIR',
  );
};
