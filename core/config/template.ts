/** The file that a Service's versions are made from: a Deployment or PodTemplate, of which the pod template is taken. */
import { ALLOW_PLAIN_ENV, plainSecrets } from './plain-secrets.ts';
import { type ConfigProblem, formatProblem } from './problem.ts';
import { readDocuments } from './source.ts';
import { untypedTexts } from './template-texts.ts';
import { isRecord, recordOf } from '../values/json.ts';
import { podTemplateIn } from '../workload/pod-template.ts';

/** Text of a file that is not among the config files; undefined when it cannot be read. */
export type ReadTemplate = (path: string) => string | undefined;

/** `reason` is about the template file; the caller says which Service names it. */
export type Template =
  | {
      readonly podTemplate: unknown;
      /** The object that it stands in. */
      readonly workload: Readonly<Record<string, unknown>>;
    }
  | {
      readonly reason: string;
      readonly hint: string;
      /** Where they stand in the template's own file, when that is known of each; `reason` is then the first of them. */
      readonly problems?: readonly ConfigProblem[];
    };

export const parseTemplate = (path: string, text: string, kinds?: readonly string[]): Template =>
  templateIn(path, readDocuments({ path, text }), kinds);

/** Kinds with a pod template that versions are made from. */
const versionKinds = ['Deployment', 'PodTemplate'] as const;

/** The template in a file that was read before; `kinds`: of those objects. */
export const templateIn = (
  path: string,
  { documents, problems }: ReturnType<typeof readDocuments>,
  kinds: readonly string[] = versionKinds,
): Template => {
  const [broken] = problems;
  if (broken !== undefined) return { reason: `${path}:${String(broken.line)}: ${broken.reason}`, hint: broken.hint };
  const workloads = documents.flatMap((document) => {
    const workload = document.value();
    const { kind } = recordOf(workload);
    return isRecord(workload) && kinds.includes(String(kind)) ? [{ document, workload }] : [];
  });
  const [only] = workloads;
  if (only === undefined || workloads.length > 1) {
    const count = only === undefined ? 'no' : 'more than one';
    return { reason: `${path} has ${count} ${kinds.join(' or ')}`, hint: 'keep exactly one in the file' };
  }
  const { document, workload } = only;
  const podTemplate = podTemplateIn(workload);
  if (podTemplate === undefined || podTemplate.spec.containers.length === 0) {
    const field = workload['kind'] === 'PodTemplate' ? 'template' : 'spec.template';
    return {
      reason: `${path} has no containers in its ${field}.spec`,
      hint: 'give the pod template at least one container',
    };
  }
  const secrets = plainSecrets(workload, podTemplate);
  if (secrets.length > 0) {
    return {
      reason: `${path} holds a secret in plain text: env ${secrets.join(', ')}`,
      hint: `the template becomes part of the rollout history: use valueFrom.secretKeyRef; if it is no secret, annotate the template with ${ALLOW_PLAIN_ENV}: ${secrets.join(',')}`,
    };
  }
  const untyped = untypedTexts(document);
  const [first] = untyped;
  if (first !== undefined)
    return { reason: formatProblem({ ...first, hint: '' }), hint: first.hint, problems: untyped };
  // Through JSON: what goes to an API server and into a digest has no other types.
  const [plain, whole] = JSON.parse(JSON.stringify([podTemplate, workload])) as [unknown, typeof workload];
  return { podTemplate: plain, workload: whole };
};

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
