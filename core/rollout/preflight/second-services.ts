/** Who else selects the pods: pods of an unproven version would get calls by their count, before any share. */
import { mainVersion } from '../../routing/weights.ts';
import type { Asked, Problem } from './problem.ts';

export function secondServiceProblems({ config, facts, change }: Asked): Problem[] {
  if (change.kind !== 'deploy') return [];
  const { name: service, namespace } = config.service;
  return facts.flatMap(({ cluster, secondServices = [], record }) => {
    const proven = mainVersion(record?.versions.proven?.[cluster]);
    return secondServices
      .filter(({ pinned, serving }) => serving && pinned === '')
      .map(({ name }): Problem => ({
        code: 'Invalid',
        text: `${cluster}/${namespace}/Service/${name} selects the pods of ${service} too: its callers would get ${change.version} by pod count, before any share`,
        fix: `let its callers call ${service}; or add app.kubernetes.io/version: ${proven || 'the proven version'} to its selector, and move that by hand after each promotion`,
      }));
  });
}

/** An adoption copies the build that its callers get already; what a deploy does to them is said beforehand. */
export function secondServiceNotes({ config, facts, change }: Asked): string[] {
  if (change.kind !== 'adopt' && change.kind !== 'deploy') return [];
  const { name: service, namespace } = config.service;
  return facts.flatMap(({ cluster, secondServices = [] }) =>
    secondServices.map(({ name, pinned, serving }) => {
      const what = `not canaried: ${cluster}/${namespace}/Service/${name} selects the pods of ${service} too`;
      if (pinned !== '') return `${what}, pinned to ${pinned}: move its pin by hand before that version is retired`;
      return serving ? `${what}: deploys are refused while its selector names no version` : `${what}, by another port`;
    }),
  );
}
