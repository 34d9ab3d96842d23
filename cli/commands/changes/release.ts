/** release: give a service back. */
import type { Command } from 'commander';
import { changing, startAndFollow, type ChangeOptions } from './change.ts';
import type { CommandContext } from '../context.ts';

export function addRelease(program: Command, context: CommandContext): void {
  changing(program, 'release', 'give a service back to Kubernetes and Cilium, without a lost request').action(
    (service: string, options: ChangeOptions) =>
      startAndFollow(context, { service, change: { kind: 'release' }, options }),
  );
}
