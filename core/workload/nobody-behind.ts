/** Why no Deployment stands behind a frontend Service: the cause by name, and the remedy. Pure. */
import type { KubeObject, PodTemplate, Service, Deployment } from '../kube/objects.ts';
import type { NobodyBehind } from './facts.ts';
import { frontendSelector, selects } from './cluster-facts.ts';

/** A StatefulSet, a DaemonSet, or a Rollout of Argo's; one with a `workloadRef` has no template. */
export interface OtherWorkload extends KubeObject {
  readonly spec?: { readonly template?: PodTemplate };
}

export interface WorkloadsSeen {
  readonly deployments: readonly Deployment[];
  readonly others: readonly OtherWorkload[];
}

/** Put into a Service's selector by controllers, and left there when they go. */
const hashes: Readonly<Record<string, string>> = {
  'rollouts-pod-template-hash': 'Argo Rollouts',
  'pod-template-hash': 'a Deployment controller',
};

export function nobodyBehind(frontend: Service, { deployments, others }: WorkloadsSeen): NobodyBehind {
  const selector = frontendSelector(frontend);
  const other = others.find(({ spec }) => selects(selector, spec?.template?.metadata?.labels));
  if (other !== undefined) return servedByAnother(other);
  const { name, namespace = '' } = frontend.metadata;
  const hash = Object.keys(selector).find((key) => hashes[key] !== undefined);
  if (hash !== undefined) {
    return {
      why: `its selector asks for ${hash}=${selector[hash] ?? ''}, left there by ${hashes[hash] ?? ''}, which no Deployment's pods carry`,
      fix: `take it out: kubectl -n ${namespace} patch service ${name} --type=json -p '[{"op":"remove","path":"/spec/selector/${hash}"}]'`,
    };
  }
  const near = nearest(selector, deployments);
  return near === undefined
    ? {
        why: `no Deployment's pods carry its selector ${textOf(Object.entries(selector))}`,
        fix: 'run the service as a Deployment whose pods carry it',
      }
    : {
        why: `Deployment ${near.name} lacks ${textOf(near.lacks)} of its selector`,
        fix: 'give the pods of the Deployment those labels, or take them out of the selector',
      };
}

function servedByAnother({ kind, metadata }: OtherWorkload): NobodyBehind {
  const why = `${kind} ${metadata.name} serves it, and a version is a Deployment`;
  return kind === 'Rollout'
    ? {
        why,
        fix: 'hand it over: make a Deployment of the Rollout’s pod template, wait until it is ready, then delete the Rollout',
      }
    : {
        why,
        fix: 'run it as a Deployment, if its pods are alike and keep nothing of their own; else it cannot be split',
      };
}

type Pair = readonly [string, string];

const textOf = (pairs: readonly Pair[]): string => pairs.map(([key, value]) => `${key}=${value}`).join(',');

/** The Deployment that lacks the fewest labels of the selector, if it has one of them at all. */
function nearest(
  selector: Readonly<Record<string, string>>,
  deployments: readonly Deployment[],
): { readonly name: string; readonly lacks: readonly Pair[] } | undefined {
  const wanted = Object.entries(selector);
  return deployments
    .map(({ metadata, spec }) => ({
      name: metadata.name,
      lacks: wanted.filter(([key, value]) => spec.template.metadata?.labels?.[key] !== value),
    }))
    .filter(({ lacks }) => lacks.length < wanted.length)
    .sort((a, b) => a.lacks.length - b.lacks.length)[0];
}
