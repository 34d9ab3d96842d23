/** service.version in OTEL_RESOURCE_ATTRIBUTES, which every OpenTelemetry SDK reads, for pods that say it nowhere. Pure. */
import type { Container, PodTemplate } from '../../kube/objects.ts';
import { refuse } from '../../values/error.ts';
import { ATTRIBUTES_VARIABLE } from '../version-text.ts';
import { servingContainer, type Served } from './serving-container.ts';

interface Saying extends Served {
  readonly version: string;
  /** `cluster/namespace/kind/name` of the source, for messages. */
  readonly where: string;
}

/** In the container that serves; where several may be that, in all: a sidecar that is no SDK reads no such variable. */
export function withServiceVersion(template: PodTemplate, saying: Saying): PodTemplate {
  const { containers } = template.spec;
  const serving = servingContainer(containers, saying);
  const said = containers.map((one) =>
    serving === undefined || one === serving ? { ...one, env: variablesOf(one, saying) } : one,
  );
  return { ...template, spec: { ...template.spec, containers: said } };
}

function variablesOf({ name, env = [] }: Container, { version, where }: Saying): NonNullable<Container['env']> {
  const given = env.find((one) => one.name === ATTRIBUTES_VARIABLE);
  const own = `service.version=${version}`;
  if (given === undefined) return [...env, { name: ATTRIBUTES_VARIABLE, value: own }];
  const { value, valueFrom } = given;
  if (valueFrom !== undefined)
    refuse(
      'Invalid',
      `${where}: container ${name} takes ${ATTRIBUTES_VARIABLE} from elsewhere (valueFrom), so service.version cannot be added to it`,
      'let it stand as a text there, with what it says now; or leave spec.serviceVersion out and set service.version yourself',
    );
  return env.map((one) => (one === given ? { ...one, value: withAttribute(value ?? '', own) } : one));
}

/** A text that says it already was made to say this version. */
function withAttribute(value: string, own: string): string {
  const parts = value.split(',').filter((part) => part.trim() !== '');
  return parts.some((part) => part.trim().startsWith('service.version=')) ? value : [...parts, own].join(',');
}
