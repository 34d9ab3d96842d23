/** What plans of every part have in common: whose records, from which world, under which settings. */
import type { LoadedConfig } from '../../config/types.ts';
import { parts, type Part } from '../../routing/part.ts';
import type { ServiceRef } from '../../routing/service-ref.ts';
import { TidegateError } from '../../values/error.ts';
import { present } from '../../values/json.ts';
import type { ClusterFacts, ReadRecordsResult } from '../../workload/facts.ts';
import { partOfChange } from '../change.ts';
import type { Asked, Problem } from '../preflight/problem.ts';
import { runningNotes } from '../running.ts';
import type { Plan, PlannedWave } from './plan.ts';

export interface Framed {
  readonly read: ReadRecordsResult;
  readonly waves: readonly PlannedWave[];
  readonly part: Part;
}

export function frameOf({ config, change, beside }: Asked, { read, waves, part }: Framed) {
  const { service, mesh } = config;
  return {
    schema: 1,
    service: serviceRef(config),
    part,
    // A way back to what is proven goes whatever others do.
    ...(beside !== undefined && change.kind !== 'restore' && { beside: besideIn(beside, part) }),
    ...seenIn(read.clusters, part),
    // An undo, too, brings a version back that has passed them.
    ...(change.kind === 'deploy' && present({ before: service.before, ...askedRoutes(service, read.epoch) })),
    workload: service.workload,
    clusters: Object.fromEntries(mesh.clusters.map(({ ref }) => [ref.name, { name: ref.name }])),
    clouds: cloudsOf(config, waves),
    metrics: mesh.metrics && { kind: mesh.metrics.kind ?? 'prometheus' },
    ...present({ dollarsPerMillionActions: mesh.dollarsPerMillionActions, sinks: config.sinks }),
    epoch: read.epoch,
    confirms: true,
    withoutGap: true,
    slos: service.slos,
    judge: service.judge,
    progressDeadlineMs: service.progressDeadlineMs,
    warmUpMs: service.warmUpMs,
    warmMs: service.warmMs,
    maxUnknownMs: service.maxUnknownMs,
    drainMs: service.drainMs,
    configDigest: config.digest,
    ...present({ configOrigin: config.origin }),
  } as const satisfies Partial<Plan>;
}

/** Of a deploy only: to what was proven before, nobody is sent beside the weights. */
const askedRoutes = (
  { testers, sticky }: LoadedConfig['service'],
  epoch: number,
): { readonly testers: Plan['testers'] | undefined; readonly sticky: Plan['sticky'] | undefined } => ({
  testers,
  // No two plans of a service have one epoch.
  sticky: sticky && { ...sticky, token: epoch.toString(36) },
});

/** Who had written the part in the records that the plan was made from. */
function seenIn(facts: readonly ClusterFacts[], part: Part): Pick<Plan, 'seen' | 'owners'> {
  const written = facts.flatMap(({ cluster, record }) =>
    record ? [{ cluster, epoch: record[part].epoch, run: record[part].run }] : [],
  );
  return {
    seen: Object.fromEntries(written.map(({ cluster, epoch }) => [cluster, epoch])),
    owners: Object.fromEntries(written.map(({ cluster, epoch, run }) => [cluster, { epoch, run }])),
  };
}

const besideIn = (beside: NonNullable<Asked['beside']>, own: Part): NonNullable<Plan['beside']> =>
  Object.fromEntries(
    parts.filter((part) => part !== own && part !== 'policy').map((part) => [part, beside[part]?.runId ?? '']),
  );

export const serviceRef = ({ mesh, service }: LoadedConfig): ServiceRef => ({
  mesh: mesh.name,
  namespace: service.namespace,
  service: service.name,
  installation: mesh.installation,
  ...(service.port !== '' && { port: service.port }),
  ...present({ protocol: service.protocol }),
});

function cloudsOf({ mesh }: LoadedConfig, waves: readonly PlannedWave[]): string[] {
  const moved = new Set(waves.flatMap((wave) => wave.serving));
  const clouds = mesh.clusters.filter(({ ref }) => moved.has(ref.name)).map(({ locality }) => locality.cloud);
  return [...new Set(clouds)].sort();
}

export function refusal({ config, change, running }: Asked, problems: readonly Problem[]): TidegateError {
  const now = runningNotes(config.service.name, running, partOfChange(change));
  const lines = [...problems.map((problem) => `${problem.text} (${problem.fix})`), ...now];
  const code = problems[0]?.code ?? 'Invalid';
  return new TidegateError(
    // A refusal before the first write is final even where the fault itself may pass.
    code === 'Unavailable' ? 'Invalid' : code,
    `${change.kind} of ${config.service.namespace}/${config.service.name} refused, nothing was written:\n- ${lines.join('\n- ')}`,
    { fix: problems[0]?.fix ?? '' },
  );
}
