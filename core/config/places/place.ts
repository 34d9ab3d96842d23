/**
 * core/config/places: where config is kept, as `--config` and TIDEGATE_CONFIG name it.
 *
 *   "./config" | "hub:WAY?…" ──parsePlace──► ConfigPlace ──platform/config──► texts, and what they were read from
 *
 * A directory is the default. A hub is a cluster whose objects are the documents; it is reached by the words that a Mesh
 * document has for `access`. No place has a field for a credential. Nothing is read here.
 */
import type { DirectAccess } from '../../kube/cluster-access.ts';
import { refuse } from '../../values/error.ts';
import { accessSchema } from '../access/access-schema.ts';
import { resolveAccess } from '../access/resolve-access.ts';

export type ConfigPlace = { readonly kind: 'files'; readonly path: string } | HubPlace;

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
  return { kind: 'files', path: text };
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
    `the config ${text} names no hub: ${why.trim()}`,
    `write one of ${hubForms}: the fields of access in a Mesh document`,
  );
}
