/** adopt: take a running service under Tidegate. */
import type { Command } from 'commander';
import { present } from '../../../core/values/json.ts';
import { changing, queueing, startAndFollow, type ChangeOptions } from './change.ts';
import type { CommandContext } from '../context.ts';

export function addAdopt(program: Command, context: CommandContext): void {
  queueing(changing(program, 'adopt', 'take a running service under Tidegate, without a lost request'))
    .option('--version <version>', 'version that runs, when the pods carry no label app.kubernetes.io/version')
    .action((service: string, options: ChangeOptions) => {
      const change = { kind: 'adopt', ...present({ version: options.version }) } as const;
      return startAndFollow(context, { service, change, options });
    });
}
