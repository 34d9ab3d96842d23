/**
 * ConfigMaps and Secrets that the pods of a version read: how they are when it is made, and its own copies of them. What a
 * Secret holds goes into its copy and nowhere else: into no result, no heartbeat, no log and no error.
 */
import { kinds } from '../../core/kube/kinds.ts';
import type { ConfigObject, Deployment, PodTemplate } from '../../core/kube/objects.ts';
import { assertOwned } from '../../core/kube/ownership.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { configRecordOf, stateOf, UNKNOWN, type ConfigRecord } from '../../core/workload/pod-config/config-record.ts';
import { configCopy, copyName, isCopied, sameContent, type CopyOf } from '../../core/workload/pod-config/copies.ts';
import {
  configKey,
  configReferences,
  withConfigNames,
  type ConfigReference,
} from '../../core/workload/pod-config/references.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import type { RecordAt } from '../record-store.ts';

export interface VersionConfig {
  /** It names the copies where there are some. */
  readonly template: PodTemplate;
  readonly record: ConfigRecord;
  /** To be there before its pods. */
  readonly copies: readonly CopyOf[];
}

interface Made {
  readonly template: PodTemplate;
  readonly version: string;
  /** The version's Deployment; null: this is the first time that it is made. */
  readonly live: Deployment | null;
}

const GRANT = 'grant it: infra/kubernetes/rbac-config.yaml has the roles and says which one is for what';

const nothing: ConfigRecord = { shared: {}, copies: {} };

/** A version that shares its config keeps what was recorded when it was made. */
export async function sharedConfig({ cluster, service }: RecordAt, { template, live }: Made): Promise<VersionConfig> {
  if (live !== null) return { template, record: configRecordOf(live) ?? nothing, copies: [] };
  const states = await Promise.all(
    configReferences(template).map(async (one) => [configKey(one), await stateIn(cluster, service.namespace, one)]),
  );
  return { template, record: { ...nothing, shared: Object.fromEntries(states) as ConfigRecord['shared'] }, copies: [] };
}

/** What the role may not read is unknown, which holds nothing up. */
export async function stateIn(
  cluster: KubeCluster,
  namespace: string,
  at: Pick<ConfigReference, 'kind' | 'name'>,
): Promise<string> {
  try {
    return stateOf(await readConfig(cluster, namespace, at));
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Forbidden') return UNKNOWN;
    throw error;
  }
}

const readConfig = (
  cluster: KubeCluster,
  namespace: string,
  { kind, name }: Pick<ConfigReference, 'kind' | 'name'>,
): Promise<ConfigObject | null> =>
  cluster.get<ConfigObject>(kind === 'Secret' ? kinds.secret : kinds.configMap, { namespace, name });

/** Other content gives other names, so the template's digest stands for what the pods read, too. */
export async function copiedConfig(at: RecordAt, made: Made): Promise<VersionConfig> {
  const before = made.live === null ? nothing : (configRecordOf(made.live) ?? nothing);
  const found = await Promise.all(
    configReferences(made.template).map(async (one) => ({ one, original: await originalOf(at, one) })),
  );
  const shared: Record<string, string> = {};
  const copies: (CopyOf & { readonly key: string })[] = [];
  for (const { one, original } of found) {
    const key = configKey(one);
    if (original === null || !isCopied(original)) {
      shared[key] = before.shared[key] ?? stateOf(original);
      continue;
    }
    const name = await nameOfCopy(at, { original, version: made.version, made: before.copies[key] });
    copies.push({ key, original, name, service: at.service, version: made.version });
  }
  const names = Object.fromEntries(copies.map(({ key, name }) => [key, name]));
  const changed = Object.keys(before.copies).filter(
    (key) => names[key] !== undefined && names[key] !== before.copies[key],
  );
  if (changed.length > 0) throw otherConfig(at, made, changed);
  return { template: withConfigNames(made.template, names), record: { shared, copies: names }, copies };
}

async function originalOf({ cluster, service }: RecordAt, one: ConfigReference): Promise<ConfigObject | null> {
  const where = `${cluster.name}/${service.namespace}/${configKey(one)}`;
  try {
    const found = await readConfig(cluster, service.namespace, one);
    if (found !== null || one.optional) return found;
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'Forbidden') throw error;
    refuse('Forbidden', `${error.message} (config: copy reads what it copies)`, GRANT);
  }
  refuse(
    'Invalid',
    `${where} does not exist, and the pod template of ${service.service} reads it`,
    'create it, or mark the reference optional; no pod would start without it',
  );
}

interface NamedCopy {
  readonly original: ConfigObject;
  readonly version: string;
  /** The copy that the version has, if it has one. */
  readonly made: string | undefined;
}

/** A Secret that was written with the same content again is the same config: the copy that is there stays. */
async function nameOfCopy({ cluster, service }: RecordAt, { original, version, made }: NamedCopy): Promise<string> {
  const name = copyName(original, version);
  if (made === undefined || made === name) return name;
  const { kind } = original;
  const copy = await readConfig(cluster, service.namespace, {
    kind: kind === 'Secret' ? 'Secret' : 'ConfigMap',
    name: made,
  });
  return copy !== null && sameContent(copy, original) ? made : name;
}

function otherConfig(
  { cluster, service }: RecordAt,
  { version, live }: Made,
  changed: readonly string[],
): TidegateError {
  const where = `${cluster.name}/${service.namespace}/Deployment/${live?.metadata.name ?? ''}`;
  return new TidegateError(
    'VersionExists',
    `${where}: ${changed.join(', ')} changed since ${version} was made, and a version with config: copy stands for its config, too`,
    { fix: 'deploy it under another version name' },
  );
}

/** They go with the Deployment that owns them. */
export async function writeCopies(
  { cluster, service }: RecordAt,
  copies: readonly CopyOf[],
  owner: Deployment,
): Promise<void> {
  await Promise.all(
    copies.map((one) => writeCopy(cluster, service.installation, { copy: configCopy(one, owner), owner })),
  );
}

async function writeCopy(
  cluster: KubeCluster,
  installation: string,
  { copy, owner }: { readonly copy: ConfigObject; readonly owner: Deployment },
): Promise<void> {
  const { name, namespace = '' } = copy.metadata;
  const where = `${cluster.name}/${namespace}/${copy.kind}/${name}`;
  const live = await cluster.get<ConfigObject>(copy, { namespace, name });
  if (live !== null) {
    assertOwned(live, { cluster: cluster.name, installation });
    if (live.metadata.deletionTimestamp !== undefined)
      throw new TidegateError('NotYet', `${where} is being deleted with an earlier Deployment`);
    if (!sameContent(live, copy))
      refuse('Invalid', `${where}: somebody has put other content there`, 'delete that object, then start again');
    if (live.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true) return;
  }
  try {
    await cluster.apply(copy);
  } catch (error) {
    throw copy.kind === 'Secret' ? withoutContent(error, where) : withGrant(error);
  }
}

const withGrant = (error: unknown): unknown =>
  error instanceof TidegateError && error.code === 'Forbidden'
    ? new TidegateError('Forbidden', error.message, { fix: GRANT })
    : error;

/** A server's words, or an admission webhook's, may repeat what was sent. */
function withoutContent(error: unknown, where: string): unknown {
  if (!(error instanceof TidegateError)) return error;
  if (error.code === 'Forbidden') return withGrant(error);
  return new TidegateError(
    error.code,
    `${where}: the copy was not stored: the answer is not repeated here, it may quote the Secret`,
    {
      fix: 'look at the admission policies and webhooks of the cluster, and at the log of its API server',
    },
  );
}
