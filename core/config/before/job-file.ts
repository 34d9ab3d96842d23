/** The files of Jobs that a Service names in rollout.before. */
import type { BeforeJob, JobSpec } from '../../workload/before/before-job.ts';
import { present, recordOf } from '../../values/json.ts';
import type { ConfigPath, ConfigProblem } from '../problem.ts';
import type { SourceDocument } from '../source.ts';
import { pathFrom, type Template } from '../template.ts';

interface NamedFile {
  /** Its place in the Service document. */
  readonly at: ConfigPath;
  /** Place in the list. */
  readonly index: number;
  readonly path: string;
}

/** Kind of the object in such a file. */
export const JOB_KINDS = ['Job'] as const;

/** The files that a Service document names, whether it is right otherwise or not. */
export function jobFilesOf(document: SourceDocument): NamedFile[] {
  const { before } = recordOf(recordOf(recordOf(document.value())['spec'])['rollout']);
  if (!Array.isArray(before)) return [];
  return before.flatMap((one: unknown, index) => {
    const { job } = recordOf(one);
    if (typeof job !== 'string') return [];
    return [{ at: ['spec', 'rollout', 'before', index, 'job'], index, path: pathFrom(document.file, job) }];
  });
}

/** What a file says of its Job. */
export type JobInFile = Pick<BeforeJob, 'spec' | 'metadata'>;

/** … or what is wrong with it, as the reader of the Service document is told. */
export type JobFile = { readonly job: JobInFile } | Exclude<Template, { readonly podTemplate: unknown }>;

export function jobIn(path: string, template: Template): JobFile {
  if (!('podTemplate' in template)) return template;
  const spec = recordOf(template.workload['spec']);
  const wrong = wrongField(spec);
  if (wrong !== undefined) return { reason: `${path}: spec.${wrong[0]} ${wrong[1]}`, hint: wrong[2] };
  const pod = recordOf(template.podTemplate);
  // Kubernetes has no default for it that a Job may have.
  const inner = { restartPolicy: 'Never', ...recordOf(pod['spec']) };
  const written = { ...spec, template: { ...pod, spec: inner } } as unknown as JobSpec;
  const { labels, annotations } = recordOf(template.workload['metadata']);
  const metadata = present({ labels, annotations }) as NonNullable<BeforeJob['metadata']>;
  return { job: { spec: written, ...(Object.keys(metadata).length > 0 && { metadata }) } };
}

type Wrong = readonly [field: string, what: string, hint: string];

const wrongField = (spec: Readonly<Record<string, unknown>>): Wrong | undefined => {
  const bounds = ['activeDeadlineSeconds', 'ttlSecondsAfterFinished'].find((name) => spec[name] !== undefined);
  if (bounds !== undefined)
    return [bounds, 'is written by Tidegate itself', 'leave it out; timeout says how long it may take'];
  if (spec['selector'] !== undefined || spec['manualSelector'] !== undefined)
    return ['selector', 'would find the pods of other Jobs, too', 'leave selector and manualSelector out'];
  if (spec['suspend'] === true) return ['suspend', 'lets the Job never begin', 'leave it out'];
  const { completions, parallelism } = spec;
  if (completions === 0 || parallelism === 0)
    return ['parallelism', 'or completions of 0 runs nothing', 'write 1 or more'];
  return undefined;
};

export interface CheckedJobs {
  readonly problems: readonly ConfigProblem[];
  /** By their place in the list; those without a file are not in it. */
  readonly jobs: ReadonlyMap<number, JobInFile>;
}

/** @param problem as the Service document's, at that place */
export function checkJobs(
  document: SourceDocument,
  jobAt: (path: string) => JobFile | undefined,
  problem: (at: ConfigPath, said: { readonly reason: string; readonly hint: string }) => ConfigProblem,
): CheckedJobs {
  const problems: ConfigProblem[] = [];
  const jobs = new Map<number, JobInFile>();
  for (const { at, index, path } of jobFilesOf(document)) {
    const found = jobAt(path) ?? {
      reason: `${path} cannot be read`,
      hint: 'the path starts at the folder of this file',
    };
    if ('job' in found) jobs.set(index, found.job);
    else problems.push(...(found.problems ?? [problem(at, found)]));
  }
  return { problems, jobs };
}
