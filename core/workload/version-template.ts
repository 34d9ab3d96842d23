/** The pod template of a version, from the running one with a new image or from a file. Pure. */
import { labels } from '../kube/labels.ts';
import type { Container, PodTemplate } from '../kube/objects.ts';
import { digestOf } from '../values/canonical.ts';
import { refuse } from '../values/error.ts';
import { present } from '../values/json.ts';
import { servingContainer } from './origin/serving-container.ts';
import { withServiceVersion } from './origin/service-version-env.ts';
import type { VersionSource } from './version-source.ts';
import { podTemplateIn } from './pod-template.ts';
import { sayingVersion } from './version-text.ts';

/** Written by controllers and by tools that would take the new pods for theirs. */
const strangeLabels = ['pod-template-hash', labels.version, labels.subsetVersion];
const strangeAnnotations = [
  'kubectl.kubernetes.io/',
  'argocd.argoproj.io/',
  'kustomize.toolkit.fluxcd.io/',
  'helm.toolkit.fluxcd.io/',
  'meta.helm.sh/',
  'deployment.kubernetes.io/',
];

/** What a version name stands for, for ever. Version labels are no part of it: the name is what is being defined. */
export const templateDigest = (template: PodTemplate): string => digestOf(plainTemplate(template));

export interface TemplateInput {
  /** Template of the source Deployment. */
  readonly running: PodTemplate;
  readonly source: VersionSource;
  readonly service: string;
  readonly version: string;
  /** The frontend's selector: the version's pods must be the service's pods. */
  readonly selector: Readonly<Record<string, string>>;
  /** The frontend's, number or name: it tells which of several containers is the service. */
  readonly targetPort?: number | string;
  /** `cluster/namespace/kind/name` of the source, for messages. */
  readonly where: string;
}

/** Without version labels: see `withVersion`. */
export function desiredTemplate(input: TemplateInput): PodTemplate {
  const { source, running, selector } = input;
  const base = source.podTemplate === undefined ? running : givenTemplate(source.podTemplate, input.where);
  const plain = withoutDoubles(plainTemplate(base));
  const imaged = source.image === undefined ? plain : withImage(plain, { ...input, image: source.image });
  const old = [running, base].flatMap(({ metadata }) => metadata?.labels?.[labels.version] ?? []);
  const rewritten = sayingVersion(imaged, input.version, old);
  const said = source.serviceVersion === 'env' ? withServiceVersion(rewritten, input) : rewritten;
  return { ...said, metadata: { ...said.metadata, labels: { ...said.metadata?.labels, ...selector } } };
}

/**
 * What is written twice is stored twice, and server-side apply takes each key once. Of a variable the last one counts; a
 * port that is written again without a name, and a secret, say nothing new. Two names of one port are for a person.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy (list type map)
 */
const withoutDoubles = ({ metadata, spec }: PodTemplate): PodTemplate => {
  const single = <T extends Container>(some: readonly T[]): T[] =>
    some.map((one) => {
      const { env, ports } = one;
      return {
        ...one,
        ...(env && { env: lastOfEach(env, ({ name }) => name) }),
        ...(ports && { ports: onceNamed(ports) }),
      };
    });
  const { containers, initContainers, imagePullSecrets: secrets } = spec;
  return {
    ...present({ metadata }),
    spec: {
      ...spec,
      containers: single(containers),
      ...(initContainers && { initContainers: single(initContainers) }),
      ...(secrets && { imagePullSecrets: lastOfEach(secrets, ({ name = '' }) => name) }),
    },
  };
};

const lastOfEach = <T>(list: readonly T[], keyOf: (one: T) => string): T[] => {
  const keys = list.map(keyOf);
  return list.filter((_, i) => keys.lastIndexOf(keys[i] ?? '') === i);
};

const onceNamed = (ports: NonNullable<Container['ports']>): NonNullable<Container['ports']> => {
  const portOf = ({ containerPort, protocol = 'TCP' }: (typeof ports)[number]): string =>
    `${containerPort}/${protocol}`;
  const named = new Set(ports.filter(({ name }) => name !== undefined).map(portOf));
  const said = ports.filter((one) => one.name !== undefined || !named.has(portOf(one)));
  return lastOfEach(said, (one) => one.name ?? portOf(one));
};

export const withVersion = (template: PodTemplate, version: string): PodTemplate => ({
  ...template,
  metadata: {
    ...template.metadata,
    labels: { ...template.metadata?.labels, [labels.version]: version, [labels.subsetVersion]: version },
  },
});

function plainTemplate({ metadata, spec }: PodTemplate): PodTemplate {
  const keep = (
    map: Readonly<Record<string, string>> | undefined,
    drop: (key: string) => boolean,
  ): Record<string, string> => Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !drop(key)));
  const annotations = keep(metadata?.annotations, (key) => strangeAnnotations.some((prefix) => key.startsWith(prefix)));
  return {
    metadata: {
      labels: keep(metadata?.labels, (key) => strangeLabels.includes(key)),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec,
  };
}

/** A pod template, a PodTemplate or a Deployment, as a caller gave it. */
function givenTemplate(value: unknown, where: string): PodTemplate {
  return (
    podTemplateIn(value) ??
    refuse(
      'Invalid',
      `${where}: the template file holds no pod template (no spec.containers)`,
      'give a Deployment, a PodTemplate, or { metadata, spec } of a pod',
    )
  );
}

/** Repository of `registry:5000/team/checkout:v1@sha256:…` is `registry:5000/team/checkout`. */
const repository = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');

/**
 * The only container; else the one with the image's repository; else, among several of it, the one that the frontend's
 * target port belongs to, or the one named as the service. Whatever else runs the very same image is the same build (a
 * migration, a worker beside it) and moves with it.
 */
function withImage(template: PodTemplate, input: TemplateInput & { image: string }): PodTemplate {
  const { containers, initContainers } = template.spec;
  const { image } = input;
  const target = targetOf(containers, input);
  const moved = (some: readonly Container[]): Container[] =>
    some.map((one) =>
      one === target || (one.image !== undefined && one.image === target.image) ? { ...one, image } : one,
    );
  return {
    ...template,
    spec: {
      ...template.spec,
      containers: moved(containers),
      ...(initContainers && { initContainers: moved(initContainers) }),
    },
  };
}

function targetOf(containers: readonly Container[], input: TemplateInput & { image: string }): Container {
  const { image, service, targetPort, where } = input;
  const same = containers.filter((one) => repository(one.image ?? '') === repository(image));
  const pool = same.length > 1 ? same : containers;
  const target =
    [containers, same].find((some) => some.length === 1)?.[0] ?? servingContainer(pool, { service, targetPort });
  if (target !== undefined) return target;
  const list = containers.map((one) => `${one.name} (${one.image ?? 'no image'})`).join(', ');
  refuse(
    'Invalid',
    `${where}: cannot tell which container gets image ${image}: ${list}`,
    `name one container ${service}, give the one that serves its port under ports, or deploy from a template file`,
  );
}
