/**
 * core/config/hub: config as custom resources of a hub cluster.
 *
 *   object ──hubObject──► HubObject (a document of its own) ──checkEach──► the documents that are right, faults of the others
 *                                   └────────acceptedStatus, runStatus──► .status, for people and GitOps tools
 *
 * An object passes the same checks as a document in a file, and its faults are told by `namespace/Kind/name`. A fault of
 * one object is no fault of another: the others are config without it. Nothing here asks an API server.
 */
import type { KubeObject } from '../../kube/objects.ts';
import { isRecord, present, recordOf } from '../../values/json.ts';
import { configLimits } from '../defaults.ts';
import type { HubOrigin } from '../places/origin.ts';
import { type ConfigPath, type ConfigProblem, formatPath } from '../problem.ts';
import type { ConfigFile } from '../source.ts';
import type { HubStatus } from './status.ts';

export interface HubObject extends ConfigFile {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly origin: HubOrigin;
  readonly status: HubStatus;
  /** What only an object can have wrong: a hub has no folder, and objects have bounds. */
  readonly problems: readonly ConfigProblem[];
}

/** @param object as the API server gives it, with its kind */
export function hubObject(object: KubeObject): HubObject {
  const { apiVersion, kind, metadata, spec, status } = object;
  const { name, namespace, resourceVersion = '', generation = 0 } = metadata;
  const path = hubPath({ kind, name, ...present({ namespace }) });
  // What GitOps tools write beside the name is theirs.
  const text = JSON.stringify({ apiVersion, kind, metadata: present({ name, namespace }), spec });
  return {
    ...{ path, text, kind, name, ...present({ namespace }) },
    origin: { kind: 'hub', object: path, resourceVersion, generation },
    status: recordOf(status),
    problems: [...tooLong(path, text), ...fileFaults(path, { kind, spec })],
  };
}

/** The place of an object in messages. */
const hubPath = ({ kind, namespace, name }: { kind: string; namespace?: string; name: string }): string =>
  [namespace, kind, name].filter((part) => part !== undefined).join('/');

const problemAt = (file: string, at: ConfigPath, told: Pick<ConfigProblem, 'reason' | 'hint'>): ConfigProblem => ({
  ...{ file, line: 0, path: formatPath(at) },
  ...told,
});

function tooLong(path: string, text: string): ConfigProblem[] {
  if (text.length <= configLimits.bytesPerFile) return [];
  const reason = `is larger than ${String(configLimits.bytesPerFile)} bytes`;
  return [problemAt(path, [], { reason, hint: 'make it smaller' })];
}

function fileFaults(path: string, { kind, spec }: { readonly kind: string; readonly spec: unknown }): ConfigProblem[] {
  const of = recordOf(spec);
  if (kind === 'Mesh') return meshFaults(path, of);
  if (kind !== 'Service') return [];
  const noFile = (at: ConfigPath, hint: string): ConfigProblem =>
    problemAt(path, at, { reason: 'names a file, and an object in a hub has no folder', hint });
  const jobs = recordOf(of['rollout'])['before'];
  return [
    ...(of['template'] === undefined
      ? []
      : [noFile(['spec', 'template'], 'leave it out: a version is made from the running one, with a new image')]),
    ...(Array.isArray(jobs) ? jobs : []).flatMap((job: unknown, i) =>
      isRecord(job) && job['job'] !== undefined
        ? [noFile(['spec', 'rollout', 'before', i, 'job'], 'write image and command instead')]
        : [],
    ),
  ];
}

/** Where a Mesh names files of the machine of the workers. */
const paths: readonly ConfigPath[] = [
  ['kubeconfig', 'path'],
  ['access', 'kubeconfig', 'path'],
  ['access', 'clusterProfile', 'kubeconfig', 'path'],
  ['access', 'clusterProfile', 'hub', 'kubeconfig', 'path'],
];

function meshFaults(path: string, spec: Readonly<Record<string, unknown>>): ConfigProblem[] {
  const { clusters } = spec;
  return (Array.isArray(clusters) ? clusters : []).flatMap((cluster: unknown, i) =>
    paths.flatMap((at) => {
      const written = at.reduce<unknown>((value, part) => recordOf(value)[String(part)], cluster);
      if (typeof written !== 'string' || /^(?:\/|~\/)/.test(written)) return [];
      const reason = 'is a relative path, and an object in a hub has no folder';
      const hint = "write an absolute path of the workers' machines, or another access";
      return [problemAt(path, ['spec', 'clusters', i, ...at], { reason, hint })];
    }),
  );
}
