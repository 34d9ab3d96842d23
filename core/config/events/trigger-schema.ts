/** The Trigger document: which events shall do what, to which services. */
import { z } from 'zod';
import { API_VERSION } from '../mesh-schema.ts';
import { resourceName, text } from '../values.ts';

const cel = (example: string) => text('CEL expression', example);

const serviceAddress = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z]([-a-z0-9]*[a-z0-9])?$/)
  .max(127)
  .meta({ title: 'service as namespace/name', examples: ['shop/checkout'] });

const services = z.union([
  z.array(serviceAddress).min(1).max(100),
  z.strictObject({
    cel: cel('["shop/" + event.data.labels.service]').meta({
      description: 'A list of texts, each namespace/name of a Service document.',
    }),
  }),
]);

const conflict = z
  .enum(['reject', 'queue', 'supersede'])
  .meta({ description: 'What becomes of the change while another one of the service is under way.' })
  .prefault('queue');

const policy = z
  .strictObject({
    semver: text('range of semantic versions', '>=1.2.0 <2.0.0')
      .meta({ description: 'Tags that are semantic versions (a leading v is allowed) within the range; the highest.' })
      .optional(),
    regex: text('regular expression', '^main-[0-9]+-')
      .meta({ description: 'Tags that fit it (RE2); order says which of them is the newest.' })
      .optional(),
    order: z
      .enum(['numeric', 'alphabetic'])
      .meta({
        description: 'Of regex: numeric compares the numbers within two tags as numbers; the last is the newest.',
      })
      .optional(),
    newest: z
      .strictObject({ tags: text('regular expression', '^main-').optional() })
      .meta({ description: 'The image that was built last, by its own config; of the tags that fit.' })
      .optional(),
  })
  .superRefine((written, context) => {
    const given = [written.semver, written.regex, written.newest].filter((one) => one !== undefined).length;
    const say = (message: string, hint: string): void =>
      context.addIssue({ code: 'custom', message, params: { hint } });
    if (given === 0) say('does not say which tag is the newest', 'give one of semver, regex and newest');
    if (given > 1) say('says in several ways which tag is the newest', 'keep one of semver, regex and newest');
    if (written.regex !== undefined && written.order === undefined)
      say('has no order for what fits the regex', 'add order: numeric or order: alphabetic');
    if (written.regex === undefined && written.order !== undefined)
      say('has an order, but no regex', 'leave order out: semver and newest have their own');
  });

const deploy = z.strictObject({
  type: z.literal('deploy'),
  repository: text('repository of an image, without tag', 'ghcr.io/acme/checkout')
    .regex(/^[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/)
    .meta({ description: 'Its tags are listed, and the policy says which is taken. Without it: map.version says.' })
    .optional(),
  policy: policy.optional(),
  onConflict: conflict,
});

/** What is said to the service's running rollout. */
const steering = z.strictObject({
  type: z.enum(['promote', 'abort', 'pause', 'resume', 'approve', 'alert']),
});

/** A person pressed a button: the event says what, and at which step of which run. */
const steered = z.strictObject({ type: z.literal('steered') });

const undo = z.strictObject({ type: z.literal('undo') });

export const triggerSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Trigger'),
  metadata: z.strictObject({ name: resourceName('trigger name') }),
  spec: z.strictObject({
    senders: z
      .array(resourceName('sender name'))
      .min(1)
      .meta({ description: 'Sender documents whose events it hears.' }),
    filter: cel('event.type == "dev.tidegate.image.pushed"')
      .meta({ description: 'True for the events that it acts on. Left out: all of its senders.' })
      .optional(),
    services: services.meta({ description: 'What it acts on: a list, or an expression that makes one.' }).optional(),
    map: z
      .strictObject({
        version: cel('event.data.tag').meta({ description: 'Of a deploy without repository.' }).optional(),
        image: cel('event.data.image + "@" + event.data.digest')
          .meta({
            description: 'Of a deploy without repository: by digest. Left out: the template of the service has it.',
          })
          .optional(),
        reason: cel('"push of " + event.data.tag').meta({ description: 'Shown in the log of the rollout.' }).optional(),
      })
      .prefault({}),
    action: z.discriminatedUnion('type', [deploy, steering, steered, undo]),
  }),
});

export type WrittenTrigger = z.output<typeof triggerSchema>;
