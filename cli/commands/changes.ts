/** adopt, deploy, undo, release, restore, plan. */
import type { Command } from 'commander';
import type { Change } from '../../core/rollout/change.ts';
import { refuse } from '../../core/values/error.ts';
import { exitCodes } from '../io.ts';
import { placed, placeOf, withTemporal, type CommandContext, type Place } from './context.ts';
import { present } from '../../core/values/json.ts';

interface ChangeOptions extends Place {
  readonly detach?: boolean;
  readonly version?: string;
  readonly image?: string;
  readonly fromCluster?: boolean;
}

export function addChanges(program: Command, context: CommandContext): void {
  const change = (name: string, description: string): Command =>
    placed(program.command(`${name} <service>`).description(description)).option(
      '-d, --detach',
      'do not follow it; print its workflow id',
    );
  const starts = (of: (options: ChangeOptions) => Change) => (service: string, options: ChangeOptions) =>
    startAndFollow(context, { service, change: of(options), options });

  change('adopt', 'take a running service under Tidegate, without a lost request')
    .option('--version <version>', 'version that runs, when the pods carry no label app.kubernetes.io/version')
    .action(starts(({ version }) => ({ kind: 'adopt', ...present({ version }) })));
  change('deploy', 'roll a version out over the waves of the Service document')
    .requiredOption('--version <version>', "name of the new version: its pods' label and OpenTelemetry service.version")
    .option('--image <image>', "container image; without it the Service document's template, or the running one")
    .action(starts(deployOf));
  change('undo', 'go back to the previous proven version in one step, while it is warm')
    .option('--version <version>', 'which one, when clusters differ')
    .action(starts(({ version }) => ({ kind: 'undo', ...present({ version }) })));
  change('release', 'give a service back to Kubernetes and Cilium, without a lost request').action(
    starts(() => ({ kind: 'release' })),
  );
  change('restore', 'put current traffic back to the proven one (after a terminated rollout)')
    .option('--from-cluster', 'without Temporal: reads the records in the clusters and writes them back from here')
    .action((service: string, options: ChangeOptions) =>
      options.fromCluster === true
        ? restoreHere(context, service, options)
        : startAndFollow(context, { service, change: { kind: 'restore' }, options }),
    );
  addPlan(program, context);
}

const deployOf = ({ version = '', image }: ChangeOptions): Change => ({
  kind: 'deploy',
  version,
  ...present({ image }),
});

interface Started {
  readonly service: string;
  readonly change: Change;
  readonly options: ChangeOptions;
}

function startAndFollow(context: CommandContext, { service, change, options }: Started): Promise<void> {
  const { io } = context;
  return withTemporal(context, async ({ client }) => {
    const { startChange } = await import('../../platform/temporal/start-change.ts');
    const { handleOf, watchRollout } = await import('../rollouts/rollout.ts');
    const { plan, workflowId } = await startChange(client, { service, change, ...placeOf(options) }, io.stderr);
    io.stderr(`${workflowId} started\n${plan.notes.map((note) => `  ${note}\n`).join('')}`);
    if (options.detach !== true) return watchRollout(handleOf(client, plan.service), io);
    io.stdout(`${workflowId}\n`);
    return exitCodes.ok;
  });
}

async function restoreHere({ io, done }: CommandContext, service: string, options: Place): Promise<void> {
  const { restoreFromCluster } = await import('./restore-from-cluster.ts');
  done(await restoreFromCluster({ service, ...placeOf(options) }, io));
}

interface PlanOptions extends ChangeOptions {
  readonly adopt?: boolean;
  readonly undo?: boolean;
  readonly output?: string;
}

function addPlan(program: Command, context: CommandContext): void {
  placed(program.command('plan <service>').description('show what a change would do; changes nothing'))
    .option('--version <version>', 'plan a deploy of this version')
    .option('--image <image>', 'with --version: its image')
    .option('--adopt', 'plan an adoption')
    .option('--undo', 'plan an undo')
    .option('-o, --output <format>', 'json')
    .action((service: string, options: PlanOptions) => {
      const change = plannedChange(options);
      return withTemporal(context, async ({ client }) => {
        const { startChange } = await import('../../platform/temporal/start-change.ts');
        const { planText } = await import('../../core/view/plan-text.ts');
        const input = { service, change, dryRun: true, ...placeOf(options) };
        const { plan, topology } = await startChange(client, input, context.io.stderr);
        context.io.stdout(
          options.output === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : planText({ plan, topology }),
        );
        return exitCodes.ok;
      });
    });
}

function plannedChange({ adopt, undo, version, ...rest }: PlanOptions): Change {
  if (adopt === true) return { kind: 'adopt', ...present({ version }) };
  if (undo === true) return { kind: 'undo' };
  if (version !== undefined) return deployOf({ version, ...rest });
  refuse('Invalid', 'plan needs to know of what', 'say --version V (a deploy), --adopt or --undo');
}
