/** deploy: roll a version out. */
import type { Command } from 'commander';
import type { Change } from '../../../core/rollout/change.ts';
import { present } from '../../../core/values/json.ts';
import { changing, leavingOut, queueing, startAndFollow, type ChangeOptions } from './change.ts';
import type { CommandContext } from '../context.ts';

export function addDeploy(program: Command, context: CommandContext): void {
  queueing(leavingOut(changing(program, 'deploy', 'roll a version out over the waves of the Service document')))
    .requiredOption('--version <version>', "name of the new version: its pods' label and OpenTelemetry service.version")
    .option('--image <image>', "container image; without it the Service document's template, or the running one")
    .action((service: string, options: ChangeOptions) =>
      startAndFollow(context, { service, change: deployOf(options), options }),
    );
}

export const deployOf = ({
  version = '',
  image,
  without,
}: Pick<ChangeOptions, 'version' | 'image' | 'without'>): Change => ({
  kind: 'deploy',
  version,
  ...present({ image, without }),
});
