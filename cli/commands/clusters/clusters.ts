/** clusters list, check, discover, drain, restore and forget: the clusters of a mesh. */
import type { Command } from 'commander';
import { present } from '../../../core/values/json.ts';
import { refuse } from '../../../core/values/error.ts';
import type { DiscoverQuery } from '../../clusters/discover.ts';
import { withTemporal, type CommandContext } from '../context.ts';
import { addFailover } from './failover.ts';
import { addMoving } from './moving.ts';

interface ClustersOptions {
  readonly mesh?: string;
  readonly output?: string;
}

interface ForgetOptions {
  readonly mesh?: string;
  readonly yes?: boolean;
}

export function addClusters(program: Command, context: CommandContext): void {
  const clusters = program.command('clusters').alias('cluster').description('clusters of the mesh');
  addList(clusters, context);
  addCheck(clusters, context);
  addDiscover(clusters, context);
  const out = 'take it out of the traffic: others answer its calls, service by service, each proven and judged';
  addMoving(context, { under: clusters, does: 'drain', description: out });
  const back = 'one that was drained gets the calls again that it had';
  addMoving(context, { under: clusters, does: 'restore', description: back });
  addFailover(clusters, context);
  addForget(clusters, context);
  addMesh(program, context);
}

function addMesh(program: Command, { io, done }: CommandContext): void {
  program
    .command('mesh')
    .description('the cluster mesh as a whole')
    .command('doctor')
    .description(
      "what Cilium's settings of the clusters say of their mesh: ids, names, versions, modes; changes nothing",
    )
    .option('-m, --mesh <name>', 'mesh, when the config has several')
    .addHelpText(
      'after',
      '\nIt does not see whether two clusters are connected: the agents know (cilium clustermesh status).',
    )
    .action(async ({ mesh }: { mesh?: string }) => {
      const { meshDoctor } = await import('../../clusters/mesh-doctor.ts');
      done(await meshDoctor({ mesh }, io));
    });
}

const ofMesh = (command: Command): Command =>
  command.option('-m, --mesh <name>', 'mesh, when the config has several').option('-o, --output <format>', 'json');

const queryOf = (names: readonly string[], { mesh, output }: ClustersOptions) => ({
  ...{ names, json: output === 'json' },
  ...present({ mesh }),
});

function addList(clusters: Command, { io, done }: CommandContext): void {
  ofMesh(clusters.command('list').description('where each cluster is, its Cilium id, and how it is reached')).action(
    async (options: ClustersOptions) => {
      const { listClusters } = await import('../../clusters/clusters.ts');
      done(await listClusters(queryOf([], options), io));
    },
  );
}

function addCheck(clusters: Command, { io, done }: CommandContext): void {
  const check = clusters
    .command('check [names...]')
    .description(
      'who we are in each cluster and what we may do there, its clock, Cilium, Envoy and mesh id; changes nothing',
    )
    .addHelpText(
      'after',
      '\nExit code 1 when an error was found. It asks neither Temporal nor the metrics: doctor does.',
    );
  ofMesh(check).action(async (names: string[], options: ClustersOptions) => {
    const { checkClusters } = await import('../../clusters/clusters.ts');
    done(await checkClusters(queryOf(names, options), io));
  });
}

function addDiscover(clusters: Command, { io, done }: CommandContext): void {
  clusters
    .command('discover')
    .description('print a Mesh document with the clusters that a cloud or an inventory knows; changes nothing')
    .option('--eks <region>', 'of AWS, in the account of your identity')
    .option('--gke <project>', 'of Google, in all locations')
    .option('--aks <subscription>', 'of Azure, in all resource groups')
    .option('--hub <place>', 'ClusterProfiles of a hub: hub:inCluster or hub:kubeconfig?path=FILE&context=NAME')
    .option('-m, --mesh <name>', 'name of the mesh in the document', 'mesh')
    .addHelpText('after', '\nIt asks no cluster: which of them are joined, and by which Cilium ids, is yours to say.')
    .action(async (options: DiscoverQuery) => {
      const { discoverClusters } = await import('../../clusters/discover.ts');
      done(await discoverClusters(options, io));
    });
}

function addForget(clusters: Command, context: CommandContext): void {
  clusters
    .command('forget <cluster>')
    .description('one that was given up will not come back: versions that only its Envoys may still call can go')
    .option('-m, --mesh <name>', 'mesh, when the config has several')
    .option('--yes', 'its Envoys are down, and stay down')
    .addHelpText('after', '\nIt changes no share and no topology. A cluster that answers is not forgotten.')
    .action((cluster: string, { mesh, yes }: ForgetOptions) => {
      if (yes !== true) {
        refuse(
          'Invalid',
          `Envoys of ${cluster} that still run would call versions that are taken away`,
          'make sure that they are down, and say it with --yes',
        );
      }
      return withTemporal(context, async ({ client }) => {
        const { forgetNow } = await import('../../rollouts/forget-cluster.ts');
        return forgetNow(client, context.io, { ...present({ mesh }), cluster });
      });
    });
}
