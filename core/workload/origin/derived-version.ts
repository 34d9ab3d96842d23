/**
 * The version of pods that carry no label app.kubernetes.io/version: what they tell OpenTelemetry themselves, or else what
 * their image is called. Pure.
 */
import type { Container, PodTemplate } from '../../kube/objects.ts';
import { statedVersion } from '../version-text.ts';
import { imageVersion, isVersionName } from './image-version.ts';
import { servingContainer, type Served } from './serving-container.ts';

/** `why`: why there is none; '' where there is a version. */
export interface DerivedVersion {
  readonly version: string;
  /** `image registry/checkout:v1`, or what else says it. */
  readonly by: string;
  readonly why: string;
}

export function derivedVersion({ metadata, spec }: PodTemplate, served: Served): DerivedVersion {
  const container = servingContainer(spec.containers, served);
  if (container === undefined) {
    const list = spec.containers.map(({ name }) => name).join(', ');
    return { version: '', by: '', why: `nothing tells which of its containers (${list}) is the service` };
  }
  const stated = statedVersion({ metadata, container });
  if (stated !== null && isVersionName(stated.version)) return { ...stated, why: '' };
  return byImage(container);
}

function byImage({ image = '' }: Container): DerivedVersion {
  const { version, why } = imageVersion(image);
  return version === '' ? { version, by: '', why: `image ${image} ${why}` } : { version, by: `image ${image}`, why };
}
