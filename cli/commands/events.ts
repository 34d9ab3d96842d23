/** events: what rollouts tell the world. */
import type { Command } from 'commander';
import { installationIn } from '../../core/contract/installation.ts';
import { exitCodes } from '../io.ts';
import { withTemporal, type CommandContext } from './context.ts';

export function addEvents(program: Command, context: CommandContext): void {
  const events = program.command('events').description('events of rollouts');
  addResend(events, context);
}

function addResend(events: Command, context: CommandContext): void {
  events
    .command('resend [id]')
    .description(
      'send again what sinks did not take: of one run (its workflow id or run id), of one event (its id), or all; starts no rollout',
    )
    .action((id: string | undefined) =>
      withTemporal(context, async ({ client }) => {
        const { findUndelivered, sendAgain } = await import('../../platform/temporal/undelivered.ts');
        const { io } = context;
        const installation = installationIn(io.env);
        const found = await findUndelivered(client, installation, id ?? '');
        for (const delivery of found) {
          await sendAgain(client, installation, delivery);
          const sinks = [...new Set(delivery.dead.map(({ sink }) => sink))].join(', ');
          io.stdout(
            `${delivery.service.namespace}/${delivery.service.service}: sent again to ${sinks} (${delivery.workflowId})\n`,
          );
        }
        if (found.length === 0) io.stdout('nothing is undelivered\n');
        return exitCodes.ok;
      }),
    );
}
