/** worker: run the workers. */
import type { Command } from 'commander';
import type { WorkerOptions } from '../local/worker.ts';
import type { CommandContext } from './context.ts';

export function addWorker(program: Command, { io, done }: CommandContext): void {
  program
    .command('worker')
    .description('run the workers: workflows, writes, watches, restores')
    .option('--config <dir>', 'config directory (default: $TIDEGATE_CONFIG)')
    .option(
      '--otlp-listen <host:port>',
      'receive OTLP metrics over HTTP, for meshes with metrics: {otlp: {}}; best on loopback, behind a collector (default: $TIDEGATE_OTLP_LISTEN; off)',
    )
    .option(
      '--otlp-token-env <name>',
      'environment variable with the bearer token that senders of metrics must show (default: $TIDEGATE_OTLP_TOKEN_ENV; no token)',
    )
    .action(async (options: WorkerOptions) => {
      const { workerCommand } = await import('../local/worker.ts');
      done(await workerCommand(options, io));
    });
}
