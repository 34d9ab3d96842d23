/** ConfigMaps and Secrets that a pod template mounts (volumes) or reads (environment). Pure. */
import type { Container, PodTemplate } from '../../kube/objects.ts';

export type ConfigKind = 'ConfigMap' | 'Secret';

export interface ConfigReference {
  readonly kind: ConfigKind;
  readonly name: string;
  /** Pods start without it. */
  readonly optional: boolean;
}

/** How records and messages call one; a name is unique in its kind and namespace. */
export const configKey = ({ kind, name }: Pick<ConfigReference, 'kind' | 'name'>): string => `${kind}/${name}`;

/** What a pod template has at the places where it names one. */
interface Named {
  readonly name?: string;
  readonly secretName?: string;
  readonly optional?: boolean;
}

interface EnvFrom {
  readonly configMapRef?: Named;
  readonly secretRef?: Named;
}

interface EnvValueFrom {
  readonly configMapKeyRef?: Named;
  readonly secretKeyRef?: Named;
}

interface Sources {
  readonly configMap?: Named;
  readonly secret?: Named;
}

interface Volume extends Sources {
  readonly projected?: { readonly sources?: readonly Sources[] };
}

type ReadingContainer = Container & { readonly envFrom?: readonly EnvFrom[] };
type ReadingSpec = PodTemplate['spec'] & { readonly volumes?: readonly Volume[] };

type Visit = <T extends Named>(kind: ConfigKind, named: T) => T;

/**
 * Each object once; it is optional only if every place that names it says so. Pull secrets and credentials of volumes are
 * the kubelet's, not the app's: they are no config of a version.
 */
export function configReferences(template: PodTemplate): readonly ConfigReference[] {
  const found = new Map<string, ConfigReference>();
  visited(template, (kind, named) => {
    const name = named.secretName ?? named.name ?? '';
    const key = configKey({ kind, name });
    const optional = named.optional === true && (found.get(key)?.optional ?? true);
    if (name !== '') found.set(key, { kind, name, optional });
    return named;
  });
  return [...found.values()].sort((a, b) => (configKey(a) < configKey(b) ? -1 : 1));
}

/** The template with other names, by key; what is not named in it stays. */
export function withConfigNames(template: PodTemplate, names: Readonly<Record<string, string>>): PodTemplate {
  if (Object.keys(names).length === 0) return template;
  return visited(template, (kind, named) => {
    const field = named.secretName === undefined ? 'name' : 'secretName';
    const renamed = names[configKey({ kind, name: named[field] ?? '' })];
    return renamed === undefined ? named : { ...named, [field]: renamed };
  });
}

/** The template with what `visit` makes of every place that names an object. */
function visited(template: PodTemplate, visit: Visit): PodTemplate {
  const spec = template.spec as ReadingSpec;
  const { volumes, containers, initContainers } = spec;
  return {
    ...template,
    spec: {
      ...spec,
      ...(volumes && { volumes: volumes.map((one) => volumeVisited(one, visit)) }),
      containers: containers.map((one) => containerVisited(one, visit)),
      ...(initContainers && { initContainers: initContainers.map((one) => containerVisited(one, visit)) }),
    },
  };
}

function volumeVisited(volume: Volume, visit: Visit): Volume {
  const { projected } = volume;
  return {
    ...sourcesVisited(volume, visit),
    ...(projected && {
      projected: {
        ...projected,
        ...(projected.sources && { sources: projected.sources.map((one) => sourcesVisited(one, visit)) }),
      },
    }),
  };
}

const sourcesVisited = <T extends Sources>(sources: T, visit: Visit): T => ({
  ...sources,
  ...(sources.configMap && { configMap: visit('ConfigMap', sources.configMap) }),
  ...(sources.secret && { secret: visit('Secret', sources.secret) }),
});

function containerVisited(container: ReadingContainer, visit: Visit): ReadingContainer {
  const { env, envFrom } = container;
  return {
    ...container,
    ...(env && {
      env: env.map((one) => {
        if (one.valueFrom === undefined || one.valueFrom === null) return one;
        const from = one.valueFrom as EnvValueFrom;
        const { configMapKeyRef, secretKeyRef } = from;
        return {
          ...one,
          valueFrom: {
            ...from,
            ...(configMapKeyRef && { configMapKeyRef: visit('ConfigMap', configMapKeyRef) }),
            ...(secretKeyRef && { secretKeyRef: visit('Secret', secretKeyRef) }),
          },
        };
      }),
    }),
    ...(envFrom && {
      envFrom: envFrom.map((one) => ({
        ...one,
        ...(one.configMapRef && { configMapRef: visit('ConfigMap', one.configMapRef) }),
        ...(one.secretRef && { secretRef: visit('Secret', one.secretRef) }),
      })),
    }),
  };
}
