/**
 * core/config/places: where config is kept, as `--config` and TIDEGATE_CONFIG name it.
 *
 *   "./config" | "hub:WAY?…" | "git+URL@REVISION:FOLDER" ──parsePlace──► ConfigPlace ──platform/config──► texts, and what they were read from
 *
 * A directory is the default; a Git repository gives one at a revision. A hub is a cluster whose objects are the documents; it is reached by the words that a Mesh
 * document has for `access`. No place has a field for a credential. Nothing is read here.
 */
import type { DirectAccess } from '../../kube/cluster-access.ts';
import { refuse } from '../../values/error.ts';
import { accessSchema } from '../access/access-schema.ts';
import { resolveAccess } from '../access/resolve-access.ts';

export type ConfigPlace = { readonly kind: 'files'; readonly path: string } | HubPlace | GitPlace;

export interface GitPlace {
  readonly kind: 'git';
  /** As git takes it; without credentials. */
  readonly url: string;
  /** A commit, a branch or a tag. */
  readonly revision: string;
  /** '' = the root. */
  readonly folder: string;
}

export interface HubPlace {
  readonly kind: 'hub';
  readonly access: DirectAccess;
  /** As a Mesh document has it under access. */
  readonly written: Readonly<Record<string, unknown>>;
}

const hubForms =
  'hub:inCluster, hub:kubeconfig?path=FILE&context=NAME, hub:eks?cluster=NAME&region=REGION, hub:gke?… or hub:aks?…';

/** Throws TidegateError('Invalid'): what begins like another place and is none is no directory, either. */
export function parsePlace(text: string): ConfigPlace {
  if (text.startsWith('hub:')) return hubPlace(text);
  if (text.startsWith('git+')) return gitPlace(text);
  return { kind: 'files', path: text };
}

const gitForm = 'git+https://HOST/REPOSITORY.git@REVISION:FOLDER (or git+ssh://, git+file://)';

/** The revision is never left out: which branch is meant shall be read where it is written. */
function gitPlace(text: string): GitPlace {
  const [, url = '', revision = '', folder = ''] =
    /^git\+((?:https|ssh|file):\/\/.+\/.+)@([A-Za-z0-9][\w./-]*)(?::([^:@]*))?$/.exec(text) ?? [];
  const parts = folder.split('/').filter((part) => part !== '' && part !== '.');
  if (!URL.canParse(url) || parts.includes('..'))
    refuse('Invalid', 'the place of config that begins with git+ is none', `write ${gitForm}`);
  const { username, password, protocol } = new URL(url);
  // It would stand in plans and logs, and many a server takes a token there.
  const isPlain = !/[?#]/.test(url);
  if (password !== '' || (username !== '' && protocol !== 'ssh:') || !isPlain)
    refuse(
      'Invalid',
      'the place of config in Git carries credentials, or a query',
      'give them to git itself: a credential helper, or a key for ssh',
    );
  return { kind: 'git', url, revision, folder: parts.join('/') };
}

function hubPlace(text: string): ConfigPlace {
  const [, way = '', query = ''] = /^hub:([A-Za-z]+)(?:\?(.*))?$/.exec(text) ?? [];
  const fields = Object.fromEntries(new URLSearchParams(query));
  const written = accessSchema.safeParse({ [way]: fields });
  const access = written.success ? resolveAccess(written.data) : undefined;
  if (access !== undefined && access.kind !== 'clusterProfile')
    return { kind: 'hub', access, written: { [way]: fields } };
  const [issue] = written.error?.issues ?? [];
  const why =
    issue === undefined
      ? 'a hub is not found by a ClusterProfile'
      : `${issue.path.slice(1).join('.')} ${issue.message}`;
  return refuse(
    'Invalid',
    `the place of config that begins with hub: names none: ${why.trim()}`,
    `write one of ${hubForms}: the fields of access in a Mesh document`,
  );
}
