/** pause and unpause: hands off a service, or a cluster, between rollouts. */
import type { Command } from 'commander';
import { present } from '../../core/values/json.ts';
import { placed, placeOf, withTemporal, type CommandContext, type ServicePlace } from './context.ts';

interface PauseOptions extends ServicePlace {
  readonly cluster?: string;
  readonly reason?: string;
}

export function addPause(program: Command, context: CommandContext): void {
  verb(program, 'pause', 'keep hands off: nothing is repaired, forward changes are refused; ways back still work')
    .requiredOption('--reason <text>', 'why; shown by audit, doctor and refusals')
    .addHelpText('after', '\nA rollout that runs goes on: tidegate rollout pause holds that one.')
    .action((service: string | undefined, options: PauseOptions) => say(context, service, options));
}

export function addUnpause(program: Command, context: CommandContext): void {
  verb(program, 'unpause', 'end a pause, and what is left alone after a fight; an audit looks at once').action(
    (service: string | undefined, options: PauseOptions) => say(context, service, options),
  );
}

const verb = (program: Command, name: string, description: string): Command =>
  placed(program.command(`${name} [service]`).description(description)).option(
    '--cluster <name>',
    'everything in this cluster, instead of one service',
  );

function say(
  context: CommandContext,
  service: string | undefined,
  { cluster, reason, ...place }: PauseOptions,
): Promise<void> {
  const by = context.io.env['USER'] ?? 'somebody';
  return withTemporal(context, async ({ client }) => {
    const { pauseNow } = await import('../rollouts/pause.ts');
    const pause = reason === undefined ? null : { reason, by };
    return pauseNow(client, context.io, { ...present({ service, cluster }), ...placeOf(place), pause });
  });
}
