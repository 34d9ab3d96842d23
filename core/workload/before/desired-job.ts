/** The Job that a cluster is asked for. Pure. */
import { labels } from '../../kube/labels.ts';
import type { Container, Manifest, PodTemplate } from '../../kube/objects.ts';
import { withDigest } from '../../kube/with-digest.ts';
import { VERSION_HEADER } from '../../routing/header-route.ts';
import { beforeJobName, subsetName } from '../../routing/names.ts';
import type { ServiceRef } from '../../routing/service-ref.ts';
import { canonical } from '../../values/canonical.ts';
import { refuse } from '../../values/error.ts';
import { selects } from '../cluster-facts.ts';
import type { BeforeJob, JobSpec } from './before-job.ts';
import { imagePod, versionPod } from './job-pod.ts';

/** How long a Job that has ended stays, s: who comes in the morning reads the log of a failure of the night. */
const KEPT_S = 86_400;

export interface JobPlace {
  readonly service: ServiceRef;
  /** Name of the serving cluster. */
  readonly cluster: string;
  readonly version: string;
  /** Of the plan: a later attempt, and a run that was reset, find the Job that is there. */
  readonly epoch: number;
  /** Calls of this cluster's pods to the service may be answered here: a test then goes the way of every caller. */
  readonly throughEnvoy: boolean;
  readonly frontend: { readonly port: number; readonly selector: Readonly<Record<string, string>> };
}

/** `own`: the pod template of the version, which a Job without image and spec runs in a copy of. */
export function desiredJob(job: BeforeJob, place: JobPlace, own: PodTemplate | null): Manifest {
  const { service, cluster, version, epoch } = place;
  const { namespace } = service;
  const { template, ...rest } = specOf(job, place, own);
  return withDigest(
    canonical({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: beforeJobName({ namespace, service: service.service, version, job: job.name, epoch }),
        namespace,
        annotations: { ...job.metadata?.annotations },
        labels: {
          ...job.metadata?.labels,
          [labels.managedBy]: 'tidegate',
          [labels.owner]: service.installation,
          [labels.service]: service.service,
          [labels.subsetVersion]: version,
          [labels.cluster]: cluster,
          [labels.epoch]: String(epoch),
        },
      },
      spec: {
        // What fails once has failed. A migration that may be tried again says so in its file.
        backoffLimit: 0,
        ...rest,
        activeDeadlineSeconds: Math.ceil(job.timeoutMs / 1000),
        ttlSecondsAfterFinished: KEPT_S,
        template: withVariables(template, variablesOf(place)),
      },
    }),
  );
}

function specOf({ name, image, command, spec }: BeforeJob, place: JobPlace, own: PodTemplate | null): JobSpec {
  const { service, cluster } = place;
  if (spec !== undefined) {
    if (!answersCalls(spec, place.frontend.selector)) return spec;
    const where = `${cluster}/${service.namespace}/Service/${service.service}`;
    return refuse('Invalid', `${where} selects the pods of Job ${name}: calls would go to them`, REMEDY);
  }
  if (image !== undefined) return { template: imagePod({ name, image, command }) };
  if (own !== null) return { template: versionPod(own, { service: service.service, command }) };
  const where = `${cluster}/${service.namespace}`;
  return refuse(
    'Invalid',
    `${where}: no Deployment of ${service.service} ${place.version}, in whose image Job ${name} is to run`,
    'give the Job an image, or run the version there first',
  );
}

/** Would the frontend take the pods of the Job for the service's? */
export const answersCalls = ({ template }: JobSpec, selector: Readonly<Record<string, string>>): boolean =>
  selects(selector, template.metadata?.labels);

/** … and what to do about it. */
export const REMEDY = "take the service's labels off spec.template.metadata.labels of the Job's file";

type Variables = Readonly<Record<string, string>>;

function variablesOf({ service, cluster, version, throughEnvoy, frontend }: JobPlace): Variables {
  const { namespace } = service;
  // Past Envoy where no caller of this cluster is answered here: the header would lead to another cluster, or nowhere.
  const host = throughEnvoy ? service.service : subsetName({ namespace, service: service.service, version, cluster });
  return {
    TIDEGATE_SERVICE: service.service,
    TIDEGATE_VERSION: version,
    TIDEGATE_CLUSTER: cluster,
    TIDEGATE_HEADER: VERSION_HEADER,
    TIDEGATE_HEADER_VALUE: version,
    TIDEGATE_URL: `http://${host}.${namespace}:${String(frontend.port)}`,
  };
}

/** First of all, so that a container's own variables may use them. */
function withVariables({ spec, ...rest }: PodTemplate, variables: Variables): PodTemplate {
  const given = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const extended = (one: Container): Container => ({
    ...one,
    env: [...given, ...(one.env ?? []).filter(({ name }) => variables[name] === undefined)],
  });
  const { containers, initContainers } = spec;
  return {
    ...rest,
    spec: {
      ...spec,
      containers: containers.map(extended),
      ...(initContainers && { initContainers: initContainers.map(extended) }),
    },
  };
}
