/** plan: what a change would do. */
import type { Command } from 'commander';
import { installationIn } from '../../core/contract/installation.ts';
import type { Change } from '../../core/rollout/change.ts';
import { refuse } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import { exitCodes } from '../io.ts';
import { leavingOut, type ChangeOptions } from './changes/change.ts';
import { placed, placeOf, withTemporal, type CommandContext } from './context.ts';
import { deployOf } from './changes/deploy.ts';

interface PlanOptions extends ChangeOptions {
  readonly adopt?: boolean;
  readonly undo?: boolean;
  readonly topology?: boolean;
  readonly output?: string;
}

export function addPlan(program: Command, context: CommandContext): void {
  leavingOut(placed(program.command('plan <service>').description('show what a change would do; changes nothing')))
    .option('--version <version>', 'plan a deploy of this version')
    .option('--image <image>', 'with --version: its image')
    .option('--adopt', 'plan an adoption')
    .option('--undo', 'plan an undo')
    .option('--topology', 'plan the move to the topology of the Service document')
    .option('-o, --output <format>', 'json')
    .action((service: string, options: PlanOptions) => {
      const change = plannedChange(options);
      return withTemporal(context, async ({ client }) => {
        const { startChange } = await import('../../platform/temporal/start-change.ts');
        const { planText } = await import('../../core/view/plan-text.ts');
        const input = { service, change, dryRun: true, ...placeOf(options) };
        const { plan, topology } = await startChange(client, input, {
          installation: installationIn(context.io.env),
          tell: context.io.stderr,
        });
        context.io.stdout(
          options.output === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : planText({ plan, topology }),
        );
        return exitCodes.ok;
      });
    });
}

function plannedChange({ adopt, undo, topology, version, ...rest }: PlanOptions): Change {
  if (adopt === true) return { kind: 'adopt', ...present({ version }) };
  if (undo === true) return { kind: 'undo', ...present({ version, without: rest.without }) };
  if (topology === true) return { kind: 'topology', ...present({ without: rest.without }) };
  if (version !== undefined) return deployOf({ version, ...rest });
  refuse('Invalid', 'plan needs to know of what', 'say --version V (a deploy), --adopt, --undo or --topology');
}
