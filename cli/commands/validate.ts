/** validate: check config files. */
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export function addValidate(program: Command, { io, done }: CommandContext): void {
  program
    .command('validate [paths...]')
    .description('check config files: all errors at once, with file and line')
    .option('-o, --output <format>', 'json')
    .action(async (paths: string[], { output }: { output?: string }) => {
      const { validateCommand } = await import('../local/validate.ts');
      const given = paths.length > 0 ? paths : [io.env['TIDEGATE_CONFIG'] ?? '.'];
      done(await validateCommand({ paths: given, ...(output === 'json' ? { output } : {}) }, io));
    });
}
