/** The file that a Service's versions are made from: a Deployment or PodTemplate, of which the pod template is taken. */
import { readDocuments } from './source.ts';
import { isRecord, recordOf } from '../values/json.ts';
import { podTemplateIn } from '../workload/pod-template.ts';

/** Text of a file that is not among the config files; undefined when it cannot be read. */
export type ReadTemplate = (path: string) => string | undefined;

/** `reason` is about the template file; the caller says which Service names it. */
export type Template = { readonly podTemplate: unknown } | { readonly reason: string; readonly hint: string };

export const parseTemplate = (path: string, text: string): Template => templateIn(path, readDocuments({ path, text }));

/** The template in a file that was read before. */
export const templateIn = (path: string, { documents, problems }: ReturnType<typeof readDocuments>): Template => {
  const [broken] = problems;
  if (broken !== undefined) return { reason: `${path}:${String(broken.line)}: ${broken.reason}`, hint: broken.hint };
  const values = documents.map((document) => document.value()).filter(isRecord);
  const workloads = values.filter(({ kind }) => kind === 'Deployment' || kind === 'PodTemplate');
  const [workload] = workloads;
  if (workload === undefined || workloads.length > 1) {
    const count = workload === undefined ? 'no' : 'more than one';
    return { reason: `${path} has ${count} Deployment or PodTemplate`, hint: 'keep exactly one in the file' };
  }
  const podTemplate = podTemplateIn(workload);
  if (podTemplate === undefined || podTemplate.spec.containers.length === 0) {
    const field = workload['kind'] === 'PodTemplate' ? 'template' : 'spec.template';
    return {
      reason: `${path} has no containers in its ${field}.spec`,
      hint: 'give the pod template at least one container',
    };
  }
  const secrets = literalSecrets(recordOf(podTemplate.spec));
  if (secrets.length > 0) {
    return {
      reason: `${path} holds a secret in plain text: env ${secrets.join(', ')}`,
      hint: 'the template becomes part of the rollout history: use valueFrom.secretKeyRef',
    };
  }
  // Through JSON: what goes to an API server and into a digest has no other types.
  return { podTemplate: JSON.parse(JSON.stringify(podTemplate)) as unknown };
};

const secretName = /pass(word|wd|phrase)|secret|token|credential|api_?key|private_?key/i;

/** Names of variables that look like secrets and are written out. */
const literalSecrets = (spec: Record<string, unknown>): string[] =>
  ['containers', 'initContainers']
    .flatMap((field) => list(spec[field]))
    .flatMap((container) => list(container['env']))
    .filter(
      ({ name, value }) => typeof name === 'string' && secretName.test(name) && value !== undefined && value !== '',
    )
    .map(({ name }) => String(name));

const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** A relative path, written in a file, as a path like the file's own; an absolute one stays. Forward slashes only. */
export const pathFrom = (file: string, written: string): string => {
  if (written.startsWith('/')) return written;
  const parts = file.split('/').slice(0, -1);
  for (const part of written.split('/')) {
    const last = parts.at(-1);
    if (part === '..' && last !== undefined && last !== '' && last !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
};
