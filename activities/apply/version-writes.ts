/** What has to be written for the Deployment of a version. Whatever refuses the version is found before the first write. */
import type { PrepareVersionInput } from '../../core/contract/activities.ts';
import type { Deployment, PodTemplate, Service } from '../../core/kube/objects.ts';
import { otherBuild } from '../../core/routing/builds.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { TidegateError } from '../../core/values/error.ts';
import { frontendOf } from '../../core/workload/cluster-facts.ts';
import { routedBy } from '../../core/workload/routed-port.ts';
import { isManagedVersion } from '../../core/workload/managed.ts';
import { configRecordOf, originalNames } from '../../core/workload/pod-config/config-record.ts';
import { withConfigNames } from '../../core/workload/pod-config/references.ts';
import { assertUnedited } from '../../core/workload/template-edits.ts';
import { assertSameVersion, versionDeployment } from '../../core/workload/version-deployment.ts';
import { desiredTemplate, templateDigest, withVersion } from '../../core/workload/version-template.ts';
import { applyObject } from '../../platform/kube/apply-objects.ts';
import type { RecordAt } from '../record-store.ts';
import { scaleUp } from './capacity/until-ready.ts';
import { copiedConfig, sharedConfig, writeCopies, type VersionConfig } from './version-config.ts';

export interface VersionWrites {
  /** Of the version's pods, with their labels. */
  readonly template: PodTemplate;
  readonly write: (replicas: number) => Promise<void>;
}

interface Made {
  /** What it is made from. */
  readonly source: Deployment;
  /** The version's own Deployment, if it is there. */
  readonly live: Deployment | null;
  readonly frontend: Service;
  readonly record: RoutingRecord | null;
}

export async function versionWrites(at: RecordAt, input: PrepareVersionInput, made: Made): Promise<VersionWrites> {
  const { live, source } = made;
  const { service, version } = input;
  // Asked for by name only (undo): what it stands for is not in question.
  const byName = input.replaces !== '' && input.source.image === undefined && input.source.podTemplate === undefined;
  if (byName && live === null) throw gone(at, version);
  if (live !== null && byName && isManagedVersion(live, service, version)) {
    assertUnedited(live, at.cluster.name);
    return { template: live.spec.template, write: (replicas) => scaleUp(at, live, replicas) };
  }
  if (input.source.podTemplate === undefined) assertUnedited(source, at.cluster.name);
  return newVersion(at, input, made);
}

const gone = ({ cluster, service }: RecordAt, version: string): TidegateError =>
  new TidegateError(
    'Invalid',
    `${cluster.name}/${service.namespace}: the Deployment of ${service.service} ${version} is gone: made from another version's template it would be another build`,
    { fix: `deploy it again by its image: tidegate deploy ${service.service} --version ${version} --image …` },
  );

async function newVersion(at: RecordAt, input: PrepareVersionInput, made: Made): Promise<VersionWrites> {
  const { service, version } = input;
  const { live, source, record, frontend } = made;
  const { selector, targetPort } = frontendOf(frontend, routedBy(record, service));
  const wanted = desiredTemplate({
    running: withOwnNames(source),
    source: input.source,
    service: service.service,
    version,
    selector,
    targetPort,
    where: `${at.cluster.name}/${service.namespace}/Deployment/${source.metadata.name}`,
  });
  const read = input.source.config === 'copy' ? copiedConfig : sharedConfig;
  const config = await read(at, { template: wanted, version, live });
  const wantedDigest = templateDigest(config.template);
  if (live !== null) assertSameVersion(live, { cluster: at.cluster.name, service, version, wantedDigest });
  const before = record?.builds?.[version]?.digest ?? wantedDigest;
  if (record !== null && before !== wantedDigest) throw otherBuild(record, version);
  return {
    template: withVersion(config.template, version),
    write: (replicas) => writeDeployment(at, input, { config, live, source, selector, replicas }),
  };
}

/** A version that is made from one with copies reads the user's own objects, or has copies of its own. */
function withOwnNames(source: Deployment): PodTemplate {
  const record = configRecordOf(source);
  return record === null ? source.spec.template : withConfigNames(source.spec.template, originalNames(record));
}

interface Written extends Pick<Made, 'live' | 'source'> {
  readonly config: VersionConfig;
  readonly selector: Readonly<Record<string, string>>;
  readonly replicas: number;
}

async function writeDeployment(
  at: RecordAt,
  { service, version, source: { metadata } }: PrepareVersionInput,
  { config, live, source, selector, replicas }: Written,
): Promise<void> {
  const { template, record, copies } = config;
  const { installation } = service;
  const given = { service, version, source, template, selector, metadata, config: record };
  const apply = (count: number, over: Deployment | null) =>
    applyObject(at.cluster, versionDeployment({ ...given, replicas: count }), {
      ...{ installation, live: over, compare: 'digest' },
    });
  if (copies.length === 0) {
    await apply(replicas, live);
    return;
  }
  // The copies belong to the Deployment, so it comes first, without pods: whoever is killed here leaves nothing ownerless.
  const owner = live ?? ((await apply(0, null)).stored as Deployment);
  await writeCopies(at, copies, owner);
  await apply(replicas, owner);
}
