/** undo: go back to the version before. */
import type { Command } from 'commander';
import { present } from '../../../core/values/json.ts';
import { changing, leavingOut, startAndFollow, type ChangeOptions } from './change.ts';
import type { CommandContext } from '../context.ts';

export function addUndo(program: Command, context: CommandContext): void {
  leavingOut(changing(program, 'undo', 'go back to the previous proven version in one step, while it is warm'))
    .option('--version <version>', 'which one, when clusters differ')
    .action((service: string, options: ChangeOptions) => {
      const change = { kind: 'undo', ...present({ version: options.version, without: options.without }) } as const;
      return startAndFollow(context, { service, change, options });
    });
}
