/** rbac: the least rights that the services of a mesh need. */
import { Option, type Command } from 'commander';
import { present } from '../../../core/values/json.ts';
import { clouds, type Cloud } from '../../clusters/grants-of-clouds.ts';
import type { CommandContext } from '../context.ts';

interface RbacOptions {
  readonly namespace?: string[];
  readonly service?: string[];
  readonly mesh?: string;
  readonly subject?: string;
  readonly for?: Cloud;
  readonly config?: 'none' | 'read' | 'copy';
  readonly foreignRoutes: boolean;
  readonly hub?: boolean;
}

export function addRbac(program: Command, { io, done }: CommandContext): void {
  program
    .command('rbac')
    .description('print the roles and bindings that the services of a mesh need, for kubectl apply; asks no cluster')
    .option('-n, --namespace <name...>', "namespaces of services (default: those of the config's services)")
    .option('--service <name...>', 'only what these services of the config need')
    .option('-m, --mesh <name>', 'mesh, when the config has several')
    .option('--subject <who>', 'user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME (default: user:tidegate)')
    .addOption(new Option('--for <cloud>', 'says what the cloud needs beside them').choices([...clouds]))
    .addOption(
      new Option(
        '--config <use>',
        'rights on ConfigMaps and Secrets of pods (default: copy where a service copies)',
      ).choices(['none', 'read', 'copy']),
    )
    .option('--no-foreign-routes', 'no list of routes of other namespaces: one that names a service goes unseen')
    .option('--hub', 'instead: what workers need in the hub cluster that holds their config (TIDEGATE_CONFIG=hub:…)')
    .action(async ({ namespace = [], service = [], foreignRoutes, hub = false, for: cloud, ...rest }: RbacOptions) => {
      const { rbacCommand } = await import('../../clusters/rbac.ts');
      const named = present({ cloud, mesh: rest.mesh, subject: rest.subject, config: rest.config });
      done(await rbacCommand({ namespaces: namespace, services: service, foreignRoutes, hub, ...named }, io));
    });
}
