/** What plans and doctor say of config that changed under a version that traffic may go back to. Pure. */
import { mainVersion } from '../../routing/weights.ts';
import type { ClusterFacts } from '../facts.ts';
import type { ConfigChange } from './config-record.ts';

const REMEDY = 'config: copy in the Service document gives each version that is made from then on its own';

/** One sentence per object that differs, and one per version of what is not known. */
export const configTexts = (service: string, facts: readonly ClusterFacts[]): readonly string[] =>
  facts.flatMap((one) =>
    one.workloads.flatMap(({ version, managed, config = [] }) => {
      const role = roleOf(one, version);
      if (!managed || role === '' || config.length === 0) return [];
      const where = { what: `${service} ${version} (${role}) in ${one.cluster}`, version };
      const known = config.filter(({ is }) => is !== 'unknown').map((change) => changeText(change, where));
      const unknown = config.filter(({ is }) => is === 'unknown').map(({ object }) => object);
      return [...known, ...(unknown.length === 0 ? [] : [unknownText(unknown, where)])];
    }),
  );

/** '': nobody goes back to it. */
function roleOf({ cluster, record }: ClusterFacts, version: string): 'proven' | 'previous' | '' {
  if (version === '' || record === null) return '';
  if (mainVersion(record.versions.proven?.[cluster]) === version) return 'proven';
  return record.versions.previous[cluster] === version ? 'previous' : '';
}

interface Where {
  readonly what: string;
  readonly version: string;
}

function changeText({ object, is }: ConfigChange, { what, version }: Where): string {
  const since = `since ${version} was made`;
  const undo = `an undo to ${version} would run`;
  switch (is) {
    case 'changed':
      return `${what}: ${object} has changed ${since}: ${undo} with the new content (${REMEDY})`;
    case 'written':
      return `${what}: ${object} was written ${since} (its content is not compared): ${undo} with what it holds now (${REMEDY})`;
    case 'gone':
      return `${what}: ${object} is gone ${since}: its pods start without it at best; put it back before an undo`;
    case 'new':
      return `${what}: ${object} is there now, and was not when ${version} was made: ${undo} with it (${REMEDY})`;
    case 'copyGone':
      return `${what}: ${object}, its own copy, is gone: no new pod of it starts; deploy it under another version name`;
    case 'unknown':
      return unknownText([object], { what, version });
  }
}

const unknownText = (objects: readonly string[], { what, version }: Where): string =>
  `${what}: whether its config has changed since ${version} was made is not known: ${objects.join(', ')} could not be read then or now (infra/kubernetes/rbac-config.yaml has the role that reads them)`;
