/** What the verbs that change something share: start the change, then follow it. */
import type { Command } from 'commander';
import { installationIn } from '../../core/contract/installation.ts';
import type { Change } from '../../core/rollout/change.ts';
import { partOf } from '../../core/routing/part.ts';
import { exitCodes } from '../io.ts';
import { placed, placeOf, withTemporal, type CommandContext, type ServicePlace } from './context.ts';

export interface ChangeOptions extends ServicePlace {
  readonly detach?: boolean;
  readonly version?: string;
  readonly image?: string;
  /** Clusters that the change goes on without. */
  readonly without?: readonly string[];
}

/** A verb that takes a service and can be followed. */
export const changing = (program: Command, name: string, description: string): Command =>
  placed(program.command(`${name} <service>`).description(description)).option(
    '-d, --detach',
    'do not follow it; print its workflow id',
  );

/** For a cluster that will not answer. */
export const leavingOut = (command: Command): Command =>
  command.option(
    '--without <cluster...>',
    'leave out a cluster that will not answer: it is not asked, keeps its last route, and is restored when it returns',
  );

export interface AskedChange {
  readonly service: string;
  readonly change: Change;
  readonly options: ChangeOptions;
}

export function startAndFollow(context: CommandContext, { service, change, options }: AskedChange): Promise<void> {
  const { io } = context;
  return withTemporal(context, async ({ client }) => {
    const { startChange } = await import('../../platform/temporal/start-change.ts');
    const { handleOf, watchRollout } = await import('../rollouts/rollout.ts');
    const { plan, workflowId } = await startChange(
      client,
      { service, change, ...placeOf(options) },
      {
        installation: installationIn(io.env),
        tell: io.stderr,
      },
    );
    io.stderr(`${workflowId} started\n${plan.notes.map((note) => `  ${note}\n`).join('')}`);
    if (options.detach !== true)
      return watchRollout(await handleOf(client, { ...plan.service, part: partOf(plan) }), io);
    io.stdout(`${workflowId}\n`);
    return exitCodes.ok;
  });
}
