/** rollout.before in a Service document, and the files that it names. */
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../core/config/parse.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { resolveService } from '../../../core/config/resolve.ts';
import type { BeforeJob } from '../../../core/workload/before/before-job.ts';
import { meshText, serviceText } from './documents.ts';

const serviceWith = (...jobs: readonly string[]): string =>
  serviceText(`  rollout:\n    before:\n${jobs.map((job) => `      - ${job}\n`).join('')}`);

const jobText = (spec = '', pod = ''): string => `apiVersion: batch/v1
kind: Job
metadata: { name: migrate, labels: { team: pay } }
spec:
  backoffLimit: 2
${spec}  template:
    metadata: { labels: { team: pay } }
    spec:
${pod}      containers:
        - { name: migrate, image: "migrate:1" }
`;

interface Files {
  readonly service: string;
  readonly job?: string;
}

const parse = ({ service, job }: Files) =>
  parseConfig(
    [
      { path: 'config/mesh.yaml', text: meshText },
      { path: 'config/checkout.yaml', text: service },
    ],
    (path) => (path === 'config/jobs/migrate.yaml' ? job : undefined),
  );

const problemsOf = (files: Files): string[] => {
  const parsed = parse(files);
  return parsed.ok ? [] : parsed.problems.map((one) => formatProblem(one).replace('config/checkout.yaml:', ''));
};

const jobsOf = (files: Files): readonly BeforeJob[] | undefined => {
  const parsed = parse(files);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return resolveService(parsed.config, { service: 'checkout' }).service.before;
};

describe('rollout.before', () => {
  it('takes an image, a command in the version’s own image, or the file of a Job, in the order that is written', () => {
    const service = serviceWith(
      '{ name: migrate, job: jobs/migrate.yaml, timeout: 20m }',
      '{ name: warm, command: [npm, run, warm] }',
      '{ name: smoke, image: "smoke:1", command: [smoke, "$(TIDEGATE_URL)"] }',
    );
    expect(jobsOf({ service, job: jobText() })).toEqual([
      {
        ...{ name: 'migrate', timeoutMs: 1_200_000, metadata: { labels: { team: 'pay' } } },
        spec: {
          backoffLimit: 2,
          template: {
            metadata: { labels: { team: 'pay' } },
            spec: { restartPolicy: 'Never', containers: [{ name: 'migrate', image: 'migrate:1' }] },
          },
        },
      },
      { name: 'warm', timeoutMs: 300_000, command: ['npm', 'run', 'warm'] },
      { name: 'smoke', timeoutMs: 300_000, image: 'smoke:1', command: ['smoke', '$(TIDEGATE_URL)'] },
    ]);
  });

  it('is nothing where it is left out', () => {
    expect(jobsOf({ service: serviceText() })).toBeUndefined();
  });

  it('is refused at its place when a Job says too little, too much, or is there twice', () => {
    expect(problemsOf({ service: serviceWith('{ name: smoke }') })).toEqual([
      "8: spec.rollout.before[0]: says not what to run (write image, command (in the version's own image), or job: FILE)",
    ]);
    expect(
      problemsOf({ service: serviceWith('{ name: a, job: jobs/migrate.yaml, image: x }'), job: jobText() }),
    ).toEqual(["8: spec.rollout.before[0].image: is said by the Job's file (leave it out, or leave job out)"]);
    expect(problemsOf({ service: serviceWith('{ name: a, image: x }', '{ name: a, image: y }') })).toEqual([
      '9: spec.rollout.before[1].name: a is there twice (each Job needs a name of its own)',
    ]);
    expect(problemsOf({ service: serviceWith('{ name: a, image: x, timeout: 2h }') })).toEqual([
      '8: spec.rollout.before[0].timeout: must be between 1s and 1h (write a shorter time)',
    ]);
    const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `{ name: ${name}, image: x }`);
    expect(problemsOf({ service: serviceWith(...six) })).toEqual([
      '7: spec.rollout.before: has more than 5 entries (leave some out)',
    ]);
  });

  it('names the file of a Job that is missing, is none, or says what Tidegate says', () => {
    const service = serviceWith('{ name: migrate, job: jobs/migrate.yaml }');
    const at = '8: spec.rollout.before[0].job: ';
    expect(problemsOf({ service })).toEqual([
      `${at}config/jobs/migrate.yaml cannot be read (the path starts at the folder of this file)`,
    ]);
    const deployment = jobText().replace('kind: Job', 'kind: Deployment');
    expect(problemsOf({ service, job: deployment })).toEqual([
      `${at}config/jobs/migrate.yaml has no Job (keep exactly one in the file)`,
    ]);
    expect(problemsOf({ service, job: jobText('  activeDeadlineSeconds: 5\n') })).toEqual([
      `${at}config/jobs/migrate.yaml: spec.activeDeadlineSeconds is written by Tidegate itself (leave it out; timeout says how long it may take)`,
    ]);
    expect(problemsOf({ service, job: jobText('  suspend: true\n') })).toEqual([
      `${at}config/jobs/migrate.yaml: spec.suspend lets the Job never begin (leave it out)`,
    ]);
  });

  it('refuses a secret in plain text, since plans carry the Job into histories', () => {
    const service = serviceWith('{ name: migrate, job: jobs/migrate.yaml }');
    const job = jobText().replace(
      'image: "migrate:1"',
      'image: "migrate:1", env: [{ name: DB_PASSWORD, value: hunter2 }]',
    );
    expect(problemsOf({ service, job })[0]).toContain('holds a secret in plain text: env DB_PASSWORD');
  });

  it('may name a file that lies among the config files: it is no config then', () => {
    const parsed = parseConfig([
      { path: 'mesh.yaml', text: meshText },
      { path: 'checkout.yaml', text: serviceWith('{ name: migrate, job: migrate.yaml }') },
      { path: 'migrate.yaml', text: jobText() },
    ]);
    expect(parsed.ok).toBe(true);
  });
});
