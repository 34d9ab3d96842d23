/** `tidegate rbac`: the rights that the services of a mesh need, as manifests for kubectl apply. Asks no cluster. */
import { stringify } from 'yaml';
import type { KubeObject } from '../../core/kube/objects.ts';
import { desiredRoles, hubRoles, type Subject } from '../../core/kube/rights/roles.ts';
import type { RightsUse } from '../../core/kube/rights/needs.ts';
import { namespacesOf, useIn } from '../../core/kube/rights/use.ts';
import { refuse } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import type { ReachableConfig } from '../../core/config/types.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { exitCodes, type Io } from '../io.ts';
import { defaultSubject, grantText, type Cloud } from './grants-of-clouds.ts';

export interface RbacQuery {
  /** Empty: those of the services. */
  readonly namespaces: readonly string[];
  /** Empty: all services of the mesh that are in these namespaces. */
  readonly services: readonly string[];
  readonly mesh?: string;
  /** Who gets the rights, `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`. */
  readonly subject?: string;
  readonly cloud?: Cloud;
  readonly config?: RightsUse['config'];
  readonly foreignRoutes: boolean;
  /** Instead: what workers need in the hub that holds their config. */
  readonly hub: boolean;
}

export async function rbacCommand(query: RbacQuery, io: Io): Promise<number> {
  const { cloud, config, foreignRoutes } = query;
  const subject = query.subject === undefined ? defaultSubject(cloud) : parseSubject(query.subject);
  if (query.hub) return printRoles(hubRoles(subject), { cloud, subject }, io);
  const found = await servicesOf(query, io);
  const services = found.map(({ service }) => service);
  const namespaces = [...new Set([...query.namespaces, ...namespacesOf(services)])].toSorted();
  if (namespaces.length === 0) {
    refuse('Invalid', 'there is no namespace to give rights in', 'name it: --namespace N, or set TIDEGATE_CONFIG');
  }
  const roles = desiredRoles({
    ...{ namespaces, subject },
    useIn: (namespace) => ({ ...useIn(services, namespace), ...present({ config }), foreignRoutes }),
  });
  return printRoles(roles, { cloud, subject }, io);
}

interface Granted {
  readonly cloud: Cloud | undefined;
  readonly subject: Subject;
}

function printRoles(roles: readonly KubeObject[], { cloud, subject }: Granted, io: Io): number {
  const text = roles.map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false }));
  io.stdout(`${cloud === undefined ? '' : grantText(cloud, subject)}${text.join('---\n')}`);
  return exitCodes.ok;
}

async function servicesOf({ namespaces, services, mesh }: RbacQuery, { env }: Io): Promise<ReachableConfig[]> {
  const directory = env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    if (services.length === 0) return [];
    return refuse('Invalid', 'there is no config that has services', 'set TIDEGATE_CONFIG to the config directory');
  }
  const { services: all } = await createConfigLoader({ directory }).loadServices(present({ mesh }));
  const unknown = services.filter((name) => !all.some(({ service }) => service.name === name));
  if (unknown.length > 0) {
    refuse('Invalid', `the config has no service ${unknown.join(', ')}`, 'look at the names in its Service documents');
  }
  return all.filter(
    ({ service: { name, namespace } }) =>
      (services.length === 0 || services.includes(name)) && (namespaces.length === 0 || namespaces.includes(namespace)),
  );
}

function parseSubject(text: string): Subject {
  const [, kind, name = ''] = /^(user|group|serviceaccount):(.+)$/.exec(text) ?? [];
  if (kind === 'user') return { kind: 'User', name };
  if (kind === 'group') return { kind: 'Group', name };
  const [namespace, account, ...rest] = name.split('/');
  if (kind === 'serviceaccount' && namespace && account && rest.length === 0) {
    return { kind: 'ServiceAccount', name: account, namespace };
  }
  return refuse(
    'Invalid',
    `the subject ${text} is not understood`,
    'write user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME',
  );
}
