/** audit: is anything left that no run owns? */
import type { Command } from 'commander';
import { present } from '../../core/values/json.ts';
import { placed, placeOf, withTemporal, type CommandContext, type ServicePlace } from './context.ts';

interface AuditOptions extends ServicePlace {
  readonly schedule?: boolean;
}

export function addAudit(program: Command, context: CommandContext): void {
  placed(
    program
      .command('audit [service]')
      .description(
        'look for what no rollout owns (half moved, held, left over), have it settled, and say what was done',
      )
      .option('--schedule', 'only make sure that Temporal does this every 30 minutes'),
  ).action((service: string | undefined, options: AuditOptions) =>
    withTemporal(context, async ({ client }) => {
      const { auditNow, scheduleAudit } = await import('../rollouts/audit.ts');
      return options.schedule === true
        ? scheduleAudit(client, context.io, options.mesh)
        : auditNow(client, context.io, { ...present({ service }), ...placeOf(options) });
    }),
  );
}
