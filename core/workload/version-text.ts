/**
 * Where a pod template says as text which version its pods are. A copy would go on saying the old one, and every metric
 * of the new pods would count for the old version. Pure.
 */
import { labels } from '../kube/labels.ts';
import type { Container, PodTemplate } from '../kube/objects.ts';

type EnvVar = NonNullable<Container['env']>[number];

/** Last parts of label keys, without separators, that say what build the pod is. */
const versionKeys: readonly string[] = [
  ...['version', 'appversion', 'serviceversion', 'imageversion', 'buildversion', 'releaseversion'],
  ...['imagetag', 'gitsha', 'gitcommit'],
];

/** Does a label of this key say what build the pod is? (`api-version` does not.) */
export const isVersionLabel = (key: string): boolean =>
  versionKeys.includes((key.split('/').at(-1) ?? '').toLowerCase().split(/[-_.]/).join(''));

/** What OpenTelemetry's operator and Java agents take the version from. */
const RESOURCE_ANNOTATION = 'resource.opentelemetry.io/service.version';
const VERSION_VARIABLE = 'OTEL_SERVICE_VERSION';
export const ATTRIBUTES_VARIABLE = 'OTEL_RESOURCE_ATTRIBUTES';

/** A key that stands by itself, or behind `-D`, `--` or an encoded separator; not `my-service.version`. */
const KEY = String.raw`(?:(?<![\w.-])(?:-D|--?)?|(?<=%[0-9A-F]{2}))(?:(?:otel\.)?service(?:\.|%2E)version|${VERSION_VARIABLE})\\*["']?`;
const REFERENCE = String.raw`\$\([^)]*\)|\$\{[^}]*\}`;
const BARE = String.raw`[^\s,;"'\\&|<>)}]`;
/** Key and separator, each with what ends the value: a quote, an encoded separator, or what no value holds. */
const patterns = {
  quoted: new RegExp(String.raw`(?<head>${KEY}\s*[=:]\s*(?<quote>\\*["']))(?<value>.*?)(?=\k<quote>)`, 'gi'),
  encoded: new RegExp(String.raw`(?<head>${KEY}%3D)(?<value>(?:(?!%2C|%2[027]|%3B|%26)${BARE})*)`, 'gi'),
  bare: new RegExp(String.raw`(?<head>${KEY}\s*[=:]\s*)(?<value>(?:${REFERENCE}|${BARE})+)`, 'gi'),
  /** In the list of resource attributes a value goes on to the comma, with spaces in it. */
  listed: new RegExp(String.raw`(?<head>${KEY}\s*=\s*)(?<value>(?:${REFERENCE}|[^,"'])*?)(?=\s*(?:[,"']|$))`, 'gi'),
};

const replaced = (text: string, pattern: RegExp, version: string): string =>
  text.replace(pattern, (...found: unknown[]) => `${(found.at(-1) as { head: string }).head}${version}`);

/** Every `service.version` in a text, in whatever spelling, says this version. */
export const withVersionInText = (text: string, version: string): string =>
  [patterns.quoted, patterns.encoded, patterns.bare].reduce((done, one) => replaced(done, one, version), text);

/** The template, with its pods saying that they are this version. `old`: versions that its labels may still say. */
export function sayingVersion(template: PodTemplate, version: string, old: readonly string[]): PodTemplate {
  const { metadata, spec } = template;
  const mapped = (
    given: Readonly<Record<string, string>> | undefined,
    change: (key: string, value: string) => string,
  ): Record<string, string> =>
    Object.fromEntries(Object.entries(given ?? {}).map(([key, value]) => [key, change(key, value)]));
  const saidLabels = mapped(metadata?.labels, (key, value) =>
    isVersionLabel(key) && old.includes(value) ? version : value,
  );
  const annotations = mapped(metadata?.annotations, (key, value) =>
    key === RESOURCE_ANNOTATION ? version : withVersionInText(value, version),
  );
  const said = (some: readonly Container[]): Container[] => some.map((one) => containerSaying(one, version));
  return {
    ...template,
    metadata: { ...metadata, labels: saidLabels, ...(metadata?.annotations && { annotations }) },
    spec: {
      ...spec,
      containers: said(spec.containers),
      ...(spec.initContainers && { initContainers: said(spec.initContainers) }),
    },
  };
}

function containerSaying(container: Container, version: string): Container {
  const { args, command, env } = container;
  const said = (texts: readonly string[]): string[] => texts.map((text) => withVersionInText(text, version));
  return {
    ...container,
    ...(args && { args: said(args) }),
    ...(command && { command: said(command) }),
    ...(env && { env: env.map((one) => variableSaying(one, version)) }),
  };
}

function variableSaying(variable: EnvVar, version: string): EnvVar {
  const { name, value } = variable;
  // The label that every version's pods carry is right by itself; whatever else it is taken from is the old pods'.
  if (name === VERSION_VARIABLE)
    return fieldOf(variable).includes(labels.version) ? variable : { name, value: version };
  if (value === undefined) return variable;
  const quoted = replaced(value, patterns.quoted, version);
  const listed = name === ATTRIBUTES_VARIABLE ? replaced(quoted, patterns.listed, version) : quoted;
  return { ...variable, value: withVersionInText(listed, version) };
}

function fieldOf({ valueFrom }: EnvVar): string {
  const { fieldRef } = (valueFrom ?? {}) as { readonly fieldRef?: { readonly fieldPath?: string } };
  return fieldRef?.fieldPath ?? '';
}

/**
 * What the pods tell OpenTelemetry themselves, in the places that it reads first: a value that stands there as it is, not
 * one that is made of other variables. null: nothing.
 */
export function statedVersion({
  metadata,
  container,
}: {
  readonly metadata: PodTemplate['metadata'];
  readonly container: Container;
}): { readonly version: string; readonly by: string } | null {
  const listed = (container.env ?? []).findLast(({ name }) => name === ATTRIBUTES_VARIABLE)?.value ?? '';
  const attribute = /(?:^|,)\s*service\.version\s*=([^,]*)/.exec(listed)?.[1]?.trim() ?? '';
  if (attribute !== '' && !attribute.includes('$(')) return { version: attribute, by: ATTRIBUTES_VARIABLE };
  const annotated = metadata?.annotations?.[RESOURCE_ANNOTATION] ?? '';
  return annotated === '' ? null : { version: annotated, by: `annotation ${RESOURCE_ANNOTATION}` };
}
