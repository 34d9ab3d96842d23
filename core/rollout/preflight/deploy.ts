/** What is wrong with a deploy. */
import type { LoadedConfig } from '../../config/types.ts';
import { mainVersion } from '../../routing/weights.ts';
import { positiveNames } from '../../values/share.ts';
import { describeEdited } from '../../workload/edited-version.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { isVersionName } from '../../workload/origin/image-version.ts';
import type { Change } from '../change.ts';
import { callableFrom, provenIn, workloadOf } from './serving-facts.ts';
import type { Problem } from './problem.ts';

export function deployProblems(
  config: LoadedConfig,
  facts: readonly ClusterFacts[],
  change: Extract<Change, { kind: 'deploy' }>,
): Problem[] {
  if (!isVersionName(change.version)) {
    return [
      {
        code: 'Invalid',
        text: `version ${JSON.stringify(change.version)} cannot be a label value`,
        fix: 'use at most 63 letters, digits, ., _ and -',
      },
    ];
  }
  const { name } = config.service;
  const made = change.image !== undefined || config.service.podTemplate !== undefined;
  const unknown = servingFacts(config, facts).filter((one) => workloadOf(one, change.version) === undefined);
  if (config.service.workload === 'managed' && !made && unknown.length > 0) {
    const where = unknown.length === facts.length ? '' : ` in ${unknown.map(({ cluster }) => cluster).join(', ')}`;
    return [
      {
        code: 'Invalid',
        text: `nothing says what ${name} ${change.version} is made of${where}`,
        fix: 'give --image, or spec.template in the Service document',
      },
    ];
  }
  return facts.flatMap((one) => {
    const taken = one.workloads.find((workload) => workload.version === change.version && workload.managed);
    if (taken === undefined || change.image === undefined || taken.image === change.image) return [];
    const text = `${one.cluster}: ${name} ${change.version} exists as ${taken.deployment} with image ${taken.image}, not ${change.image}`;
    return [
      {
        code: 'VersionExists',
        text,
        fix: 'a version name stands for one build for ever: use another name',
      } satisfies Problem,
    ];
  });
}

const nobodyText = ({ service }: LoadedConfig, { cluster, nobody }: ClusterFacts): Pick<Problem, 'text' | 'fix'> => ({
  text: `${cluster}/${service.namespace}: no Deployment behind ${service.name}${nobody === undefined ? '' : `: ${nobody.why}`}`,
  fix: `${nobody === undefined ? '' : `${nobody.fix}; or `}take the cluster out of the topology, or run the service there`,
});

/** Clusters that get the service's calls, now or when a topology move has ended: the waves go there, too. */
function servingFacts(config: LoadedConfig, facts: readonly ClusterFacts[]): ClusterFacts[] {
  const called = new Set(facts.flatMap((client) => positiveNames(callableFrom(config, client))));
  return facts.filter(({ cluster }) => called.has(cluster));
}

/** A version is made from the proven one: without that Deployment there is nothing to copy, and no other will do. */
export function sourceProblems(config: LoadedConfig, facts: readonly ClusterFacts[]): Problem[] {
  const copied = config.service.workload === 'managed' && config.service.podTemplate === undefined;
  return servingFacts(config, facts).flatMap((one): Problem[] => {
    if (one.workloads.length === 0) return [{ code: 'Invalid', ...nobodyText(config, one) }];
    const proven = provenIn(facts, one.cluster);
    if (!copied || proven === '' || workloadOf(one, proven) !== undefined) return [];
    const { namespace, name } = config.service;
    return [
      {
        code: 'Invalid',
        text: `${one.cluster}/${namespace}: the Deployment of ${name} ${proven}, the proven version, is gone: a new version would be made from another one's template`,
        fix: `bring it back (kubectl apply), or give spec.template in the Service document`,
      },
    ];
  });
}

/** Neither what a version is made from nor the version itself may have been edited: the name stands for one template. */
export function editProblems(config: LoadedConfig, facts: readonly ClusterFacts[], version: string): Problem[] {
  const copied = config.service.workload === 'managed' && config.service.podTemplate === undefined;
  return facts.flatMap((one) => {
    const source = mainVersion(one.record?.versions.proven?.[one.cluster]);
    return editedProblems(config, one, copied ? [source, version] : [version]);
  });
}

/** Deployments of these versions whose pod template others changed since Tidegate made it. */
export const editedProblems = (config: LoadedConfig, one: ClusterFacts, versions: readonly string[]): Problem[] =>
  one.workloads
    .filter(({ managed, version, editedBy = '' }) => managed && editedBy !== '' && versions.includes(version))
    .map(({ deployment, version, editedBy: editor = '' }) => {
      const { namespace } = config.service;
      const { text, fix } = describeEdited({ cluster: one.cluster, namespace, deployment, version, editor });
      return { code: 'VersionExists', text, fix };
    });
