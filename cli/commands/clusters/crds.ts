/** crds: the kinds of config as CustomResourceDefinitions. */
import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';

export function addCrds(program: Command, { io, done }: CommandContext): void {
  program
    .command('crds')
    .description(
      'print CustomResourceDefinitions of Mesh, Service, Sender, Trigger and Sink, for kubectl apply; asks no cluster',
    )
    .addHelpText(
      'after',
      '\nWith TIDEGATE_CONFIG=hub:… workers and commands read config from them, and their status shows the last outcome.',
    )
    .action(async () => {
      const { crdsCommand } = await import('../../clusters/crds.ts');
      done(crdsCommand(io));
    });
}
