/** rollout.before as users write it: Jobs that must succeed in each serving cluster before its first share. */
import { z } from 'zod';
import { beforeDefaults } from '../defaults.ts';
import { duration, resourceName, text } from '../values.ts';

const beforeJob = z
  .strictObject({
    name: resourceName('name of a Job').meta({ examples: ['smoke'] }),
    image: text('image', 'registry.example/checkout-smoke:1.4').optional().meta({
      description: "Left out: the version's own image, in a copy of its pod (variables, volumes, service account).",
    }),
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({
        title: 'command',
        description: 'What is run, without a shell. $(TIDEGATE_URL) and the other variables are filled in.',
        examples: [['npm', 'run', 'migrate']],
      }),
    job: text('file path', 'jobs/migrate.yaml').optional().meta({
      description: 'A file with one Job, instead of image and command; starts at the folder of this file.',
    }),
    timeout: duration({ minMs: 1000, maxMs: beforeDefaults.mostMs }).prefault(beforeDefaults.timeout).meta({
      description: 'A Job that runs longer has failed.',
    }),
  })
  .superRefine(({ image, command, job }, context) => {
    const refuse = (path: string[], message: string, hint: string): void => {
      context.addIssue({ code: 'custom', path, message, params: { hint } });
    };
    if (job === undefined && image === undefined && command === undefined)
      refuse([], 'says not what to run', "write image, command (in the version's own image), or job: FILE");
    if (job === undefined) return;
    if (image !== undefined) refuse(['image'], "is said by the Job's file", 'leave it out, or leave job out');
    if (command !== undefined) refuse(['command'], "is said by the Job's file", 'leave it out, or leave job out');
  });

export const beforeSchema = z
  .array(beforeJob)
  .max(beforeDefaults.most)
  .superRefine((jobs, context) => {
    jobs.forEach(({ name }, index) => {
      if (jobs.findIndex((other) => other.name === name) === index) return;
      const hint = 'each Job needs a name of its own';
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `${name} is there twice`, params: { hint } });
    });
  })
  .meta({
    description:
      'Jobs that run in each serving cluster, one after the other, when a new version is ready there and before its first share. One that fails takes the rollout back.',
  });
