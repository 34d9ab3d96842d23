/** What is wrong with an adoption. */
import type { LoadedConfig } from '../../config/types.ts';
import { deploymentName } from '../../routing/names.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { originalVersion, originalVersionProblems, saidVersion } from './original-versions.ts';
import { isFresh, originals, provenIn, topologyOf, workloadOf } from './serving-facts.ts';
import type { Problem } from './problem.ts';
import { drainedNote, drainsIn } from './wanted-topology.ts';

export function adoptProblems(
  config: LoadedConfig,
  facts: readonly ClusterFacts[],
  asked: string | undefined,
): Problem[] {
  const fresh = facts.filter(isFresh);
  if (fresh.length === 0) {
    return [
      {
        code: 'Invalid',
        text: `${config.service.name} is already adopted in every cluster`,
        fix: 'go on with: tidegate deploy',
      },
    ];
  }
  const called = fresh.filter((one) => facts.some((client) => (topologyOf(config, client, 1)[one.cluster] ?? 0) > 0));
  const { version } = originalVersion(fresh, asked);
  const perCluster = called.flatMap((one) => {
    const found = originals(one);
    const where = `${one.cluster}/${config.service.namespace}`;
    const proven = provenIn(facts, one.cluster);
    if (found.length === 1 && proven !== '' && (workloadOf(one, proven)?.replicas ?? 0) === 0) {
      const text = `${where}: other clusters send their calls to ${config.service.name} ${proven} there, which is proven, but ${found.map(saidVersion)[0] || 'an unlabelled version'} runs behind the frontend`;
      return [{ code: 'Invalid', text, fix: `bring ${proven} back there first` } satisfies Problem];
    }
    if (found.length === 1) return nameProblems(one, version, config);
    return [{ code: 'Invalid', ...notOne(`${where}: `, config.service.name, one) } satisfies Problem];
  });
  const global = fresh.filter((one) => one.frontend?.global === true && config.service.topology === null);
  return [
    ...perCluster,
    // Nothing is made for clients that call adopted clusters only.
    ...(called.length === 0 ? [] : originalVersionProblems(config, fresh, asked)),
    ...global.map((one) => globalProblem(one, config)),
    ...fresh.flatMap((one) => drainedProblems(one, config, facts)),
  ];
}

/** A client that is new would call what is drained. A cluster of its own that was drained comes back by being adopted. */
function drainedProblems(one: ClusterFacts, config: LoadedConfig, facts: readonly ClusterFacts[]): Problem[] {
  const wanted = topologyOf(config, one, 1);
  return Object.entries(drainsIn(facts))
    .filter(([name]) => name !== one.cluster && (wanted[name] ?? 0) > 0)
    .map(([name, word]) => ({
      code: 'Conflict',
      text: `${one.cluster}/${config.service.namespace}/${config.service.name} would call ${name}: ${drainedNote(name, word)}`,
      fix: `restore it first, or take it out of spec.topology of ${one.cluster} until then`,
    }));
}

/** The version's own Deployment would have the name of the one that it is made from, which goes on serving meanwhile. */
function nameProblems(one: ClusterFacts, adopted: string, { service }: LoadedConfig): Problem[] {
  const [original] = originals(one);
  if (original === undefined || original.managed || service.workload !== 'managed') return [];
  const version = original.version || adopted;
  if (version === '' || deploymentName(service.name, version) !== original.deployment) return [];
  const name = original.deployment;
  return [
    {
      code: 'Foreign',
      text: `${one.cluster}/${service.namespace}/Deployment/${name} serves ${service.name}, and an adoption as ${version} makes a Deployment of that very name beside it`,
      fix: `run the same pods under another name first: apply a copy of it named ${service.name}, wait until that is ready, delete ${name} (its pods go, the copy's stay), then adopt; or give its pods another version (app.kubernetes.io/version and service.version)`,
    },
  ];
}

/** Exactly one Deployment is adopted: what stands there instead. */
function notOne(where: string, service: string, one: ClusterFacts): Pick<Problem, 'text' | 'fix'> {
  const { workloads, nobody } = one;
  const running = originals(one).map(({ deployment }) => deployment);
  if (running.length > 1) {
    return {
      text: `${where}${String(running.length)} Deployments (${running.join(', ')}) behind ${service}; exactly one is needed`,
      fix: 'adoption copies the one Deployment that serves the frontend: scale the others to zero first, and deploy what they are by its image then',
    };
  }
  const asleep = workloads[0]?.deployment;
  const [why, fix] =
    asleep === undefined
      ? [nobody?.why ?? 'none is there', nobody?.fix ?? 'run the service there as a Deployment']
      : [`${asleep} is scaled to zero`, 'scale it up first: adoption copies what serves'];
  return { text: `${where}no running Deployment behind ${service}: ${why}`, fix };
}

const globalProblem = (one: ClusterFacts, config: LoadedConfig): Problem => ({
  code: 'Invalid',
  text: `${one.cluster}/${config.service.namespace}/${config.service.name} is a global Service (affinity ${one.frontend?.affinity || 'none'}), so where its calls go today depends on endpoint counts`,
  fix: 'say in the Service document where they shall go: spec.topology',
});
