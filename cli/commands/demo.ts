/** demo: the whole story on one machine. */
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export function addDemo(program: Command, { io, done }: CommandContext): void {
  program
    .command('demo')
    .description('the whole story on one machine: adopt, promote, breach, restore, undo')
    .option('--keep', 'leave the lab up at the end, until Ctrl-C')
    .option('--report <file>', 'write the summary as JSON')
    .action(async (options: { keep?: boolean; report?: string }) => {
      const { demoCommand } = await import('../lab/demo.ts');
      done(await demoCommand(options, io));
    });
}
