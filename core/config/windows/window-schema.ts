/** Freeze windows as users write them: when steps forward are allowed, or denied. */
import { Cron } from 'croner';
import { z } from 'zod';
import { duration, resourceName } from '../values.ts';
import { windowLimits } from '../defaults.ts';

const timeZone = z
  .string()
  .refine(isZone, {
    error: 'is no time zone',
    params: { hint: 'write a name of the IANA list: Europe/Berlin, America/New_York, UTC' },
  })
  .meta({ title: 'IANA time zone', examples: ['Europe/Berlin'] });

const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/, 'is no instant with an offset')
  .refine((written) => !Number.isNaN(Date.parse(written)), {
    error: 'is no date that there is',
    params: { hint: 'write something like 2026-12-24T18:00:00+01:00' },
  })
  .meta({ title: 'instant', examples: ['2026-12-24T18:00:00+01:00'] });

const cron = z
  .string()
  .superRefine((written, context) => {
    const why = cronFault(written);
    if (why === '') return;
    context.addIssue({
      code: 'custom',
      message: `is no cron expression: ${why}`,
      params: { hint: 'write five fields (minute hour day month weekday): 0 9 * * 1-5' },
    });
  })
  .meta({ title: 'cron expression of five fields', examples: ['0 18 * * 5'] });

const window = z
  .strictObject({
    name: resourceName('window name'),
    kind: z
      .enum(['allow', 'deny'])
      .meta({ description: 'allow: steps go forward inside only. deny: outside only. A deny beats an allow.' }),
    cron: cron.optional().meta({ description: 'When it begins, again and again.' }),
    duration: duration({ minMs: 60_000, maxMs: windowLimits.longestMs })
      .optional()
      .meta({ description: 'How long it lasts, on the clock of its time zone: also where that is set on or back.' }),
    timeZone: timeZone.optional().meta({ description: 'Whose clock cron and duration go by.' }),
    from: instant.optional().meta({ description: 'When it begins, once.' }),
    to: instant.optional().meta({ description: 'When it ends.' }),
  })
  .superRefine(({ cron: written, duration: length, timeZone: zone, from, to }, context) => {
    const refuse = (path: string[], message: string, hint: string): void =>
      context.addIssue({ code: 'custom', path, message, params: { hint } });
    const again = [written, length, zone].filter((one) => one !== undefined).length;
    const once = [from, to].filter((one) => one !== undefined).length;
    if (!((again === 3 && once === 0) || (again === 0 && once === 2))) {
      return refuse(
        [],
        'does not say when it begins and ends',
        'write cron, duration and timeZone, or from and to: all of the one, and none of the other',
      );
    }
    if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to))
      refuse(['to'], 'does not come after from', 'a window ends after it has begun');
  });

export const windowsSchema = z
  .array(window)
  .max(windowLimits.most)
  .superRefine((windows, context) => {
    windows.forEach(({ name }, index) => {
      if (windows.findIndex((other) => other.name === name) === index) return;
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `there is already a window ${name}`,
        params: { hint: 'give each window its own name: people see it when it holds a rollout' },
      });
    });
  })
  .meta({
    description:
      'When rollouts may go forward. A closed window holds a step, never a way back; what has moved stays watched.',
  });

export type WrittenWindow = z.output<typeof window>;

function isZone(written: string): boolean {
  try {
    // An offset like +02:00 is one to Intl, and knows no summer time.
    return /^[A-Za-z]/.test(written) && new Intl.DateTimeFormat('en', { timeZone: written }) !== undefined;
  } catch {
    return false;
  }
}

/** '' = it is one. Five fields: seconds would close and open more often than anybody can mean. */
function cronFault(written: string): string {
  if (written.trim().split(/\s+/).length !== 5) return 'it has not five fields';
  try {
    void new Cron(written, { paused: true });
    return '';
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
  }
}
