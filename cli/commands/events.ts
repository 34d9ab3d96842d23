/** events: what comes in, and what rollouts tell the world. */
import type { Command } from 'commander';
import { installationIn } from '../../core/contract/installation.ts';
import type { SendOptions } from '../events/send.ts';
import type { TailOptions } from '../events/tail.ts';
import { exitCodes } from '../io.ts';
import { withTemporal, type CommandContext } from './context.ts';

export function addEvents(program: Command, context: CommandContext): void {
  const events = program.command('events').description('events that come in, and those that rollouts send');
  addSend(events, context);
  addTail(events, context);
  addResend(events, context);
}

function addSend(events: Command, { io, done }: CommandContext): void {
  events
    .command('send <file>')
    .description('send a CloudEvent (JSON) to a front door, and show its answer')
    .option('--to <url>', 'of the front door (default: $TIDEGATE_URL)')
    .option('--sender <name>', 'in whose name (default: senders of CloudEvents)')
    .option('--token-env <name>', 'environment variable with the bearer token')
    .option('--wait <seconds>', 'wait for what becomes of it, up to 30')
    .action(async (file: string, options: SendOptions) => {
      const { sendEvent } = await import('../events/send.ts');
      done(await sendEvent(file, options, io));
    });
}

function addTail(events: Command, context: CommandContext): void {
  events
    .command('tail')
    .description('what became of the events that came in, refused ones too')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('--limit <n>', 'of the newest', '20')
    .action((options: TailOptions) =>
      withTemporal(context, async ({ client }) => {
        const { tailEvents } = await import('../events/tail.ts');
        const { io } = context;
        return tailEvents(client, options, { ...io, installation: installationIn(io.env) });
      }),
    );
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
