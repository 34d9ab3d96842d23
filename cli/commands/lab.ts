/** lab: a real mesh on one machine. */
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export function addLab(program: Command, { io, done }: CommandContext): void {
  program
    .command('lab')
    .description('a real mesh on one machine: up, down, status, logs, exec, traffic, break')
    .argument('[verb]')
    .argument('[args...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (verb: string | undefined, args: string[]) => {
      const { labCommand } = await import('../lab/lab.ts');
      done(await labCommand(verb ?? 'help', args, io));
    });
}
