/** serve: the front door, as a process. */
import type { Command } from 'commander';
import type { ServeOptions } from '../local/serve.ts';
import type { CommandContext } from './context.ts';

export function addServe(program: Command, { io, done }: CommandContext): void {
  program
    .command('serve')
    .description(
      'take events over HTTP, and start and steer rollouts by the Triggers of the config; needs Temporal, reaches no cluster, and ends no TLS',
    )
    .option('--config <dir>', 'config directory (default: $TIDEGATE_CONFIG)')
    .option('--listen <host:port>', 'address to listen on (default: $TIDEGATE_LISTEN; 127.0.0.1:8080)')
    .action(async (options: ServeOptions) => {
      const { serveCommand } = await import('../local/serve.ts');
      done(await serveCommand(options, io));
    });
}
