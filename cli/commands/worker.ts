/** worker: run the workers; worker promote: which build of them is the current one. */
import type { Command } from 'commander';
import type { WorkerOptions } from '../local/worker.ts';
import { withTemporal, type CommandContext } from './context.ts';

export function addWorker(program: Command, context: CommandContext): void {
  const { io, done } = context;
  const worker = program
    .command('worker')
    .description('run the workers: workflows, writes, watches, restores')
    .option('--config <dir>', 'config directory (default: $TIDEGATE_CONFIG)')
    .option(
      '--build-id <id>',
      'build of code and config: runs stay with the build that began them (default: $TIDEGATE_BUILD_ID; not versioned)',
    )
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
  worker
    .command('promote <build>')
    .description('make a build the current one: new runs are its own, once its workers poll every queue')
    .action((build: string) =>
      withTemporal(context, async ({ client }) => {
        const { promoteBuild } = await import('../local/promote.ts');
        return promoteBuild(client, io, build);
      }),
    );
}
