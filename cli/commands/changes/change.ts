/** What the verbs that change something share: start the change, then follow it. */
import { Option, type Command } from 'commander';
import { installationIn } from '../../../core/contract/installation.ts';
import { conflictRules, type Change, type ConflictRule } from '../../../core/rollout/change.ts';
import { partOf } from '../../../core/routing/part.ts';
import { present } from '../../../core/values/json.ts';
import { exitCodes } from '../../io.ts';
import { placed, placeOf, withTemporal, type CommandContext, type ServicePlace } from '../context.ts';

export interface ChangeOptions extends ServicePlace {
  readonly detach?: boolean;
  readonly version?: string;
  readonly image?: string;
  /** Clusters that the change goes on without. */
  readonly without?: readonly string[];
  readonly onConflict?: ConflictRule;
  /** Why freeze windows shall hold nothing of it. */
  readonly breakGlass?: string;
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

/** For what goes forward: a way back waits behind nothing. */
export const queueing = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--on-conflict <rule>',
        'while another change is under way: be refused (reject, the default), wait for its end (queue), or abort it and start when the traffic is back (supersede)',
      ).choices([...conflictRules]),
    )
    .option('--break-glass <reason>', 'go forward although a freeze window is closed; kept in the log');

export interface AskedChange {
  readonly service: string;
  readonly change: Change;
  readonly options: ChangeOptions;
}

export function startAndFollow(context: CommandContext, { service, change, options }: AskedChange): Promise<void> {
  const { io } = context;
  return withTemporal(context, async ({ client }) => {
    const { askForChange } = await import('../../../platform/temporal/start-change.ts');
    const { handleOf, watchRollout } = await import('../../rollouts/rollout.ts');
    const input = {
      ...{ service, change, by: io.env['USER'] ?? 'somebody' },
      ...present({ ...placeOf(options), onConflict: options.onConflict, breakGlass: options.breakGlass }),
    };
    const answer = await askForChange(client, input, { installation: installationIn(io.env), tell: io.stderr });
    if ('queued' in answer) {
      const { followWaiting } = await import('../../rollouts/waiting.ts');
      return followWaiting({ client, io, queued: answer.queued, detach: options.detach === true });
    }
    const { plan, workflowId } = answer;
    io.stderr(`${workflowId} started\n${plan.notes.map((note) => `  ${note}\n`).join('')}`);
    if (options.detach !== true)
      return watchRollout(await handleOf(client, { ...plan.service, part: partOf(plan) }), io);
    io.stdout(`${workflowId}\n`);
    return exitCodes.ok;
  });
}
