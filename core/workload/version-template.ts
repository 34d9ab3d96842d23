/** The pod template of a version, from the running one with a new image or from a file. Pure. */
import { labels } from '../kube/labels.ts';
import type { Container, PodTemplate } from '../kube/objects.ts';
import { digestOf } from '../values/canonical.ts';
import { refuse } from '../values/error.ts';
import type { VersionSource } from './version-source.ts';
import { podTemplateIn } from './pod-template.ts';

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
  /** `cluster/namespace/kind/name` of the source, for messages. */
  readonly where: string;
}

/** Without version labels: see `withVersion`. */
export function desiredTemplate(input: TemplateInput): PodTemplate {
  const { source, running, selector } = input;
  const base = source.podTemplate === undefined ? running : givenTemplate(source.podTemplate, input.where);
  const plain = plainTemplate(base);
  const imaged = source.image === undefined ? plain : withImage(plain, { ...input, image: source.image });
  return {
    ...imaged,
    metadata: { ...imaged.metadata, labels: { ...imaged.metadata?.labels, ...selector } },
    spec: { ...imaged.spec, containers: imaged.spec.containers.map((one) => withServiceVersion(one, input.version)) },
  };
}

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

/** The only container, else the one with the image's repository, else the one named as the service. */
function withImage(template: PodTemplate, { image, service, where }: TemplateInput & { image: string }): PodTemplate {
  const { containers } = template.spec;
  const same = containers.filter((one) => repository(one.image ?? '') === repository(image));
  const named = containers.filter((one) => one.name === service);
  const target = [containers, same, named].find((some) => some.length === 1)?.[0];
  if (target === undefined) {
    const list = containers.map((one) => `${one.name} (${one.image ?? 'no image'})`).join(', ');
    refuse(
      'Invalid',
      `${where}: cannot tell which container gets image ${image}: ${list}`,
      `name one container ${service}, or deploy from a template file`,
    );
  }
  return {
    ...template,
    spec: { ...template.spec, containers: containers.map((one) => (one === target ? { ...one, image } : one)) },
  };
}

/** A version that stands in the template as text would make the new pods report the old one. */
function withServiceVersion(container: Container, version: string): Container {
  if (container.env === undefined) return container;
  const env = container.env.map((one) =>
    one.name === 'OTEL_RESOURCE_ATTRIBUTES' && one.value !== undefined
      ? { ...one, value: one.value.replace(/(^|,)(\s*service\.version=)[^,]*/, `$1$2${version}`) }
      : one,
  );
  return { ...container, env };
}
