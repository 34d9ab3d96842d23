/** The kinds of config as CustomResourceDefinitions, so that GitOps tools can apply config to a hub cluster. */
import type { KubeObject } from '../../kube/objects.ts';
import { isRecord } from '../../values/json.ts';
import { jsonSchemas } from '../json-schema.ts';
import { API_VERSION } from '../mesh-schema.ts';
import { withRules } from './rules.ts';
import { columnsOf, statusSchema } from './status-schema.ts';
import { structural } from './structural.ts';

type Schema = Readonly<Record<string, unknown>>;

interface ConfigKind {
  readonly kind: string;
  readonly plural: string;
  /** A Service lies in the namespace of what it is about; the others speak of many namespaces. */
  readonly scope: 'Namespaced' | 'Cluster';
}

export const kindsOfConfig: readonly ConfigKind[] = [
  { kind: 'Mesh', plural: 'meshes', scope: 'Cluster' },
  { kind: 'Service', plural: 'services', scope: 'Namespaced' },
  { kind: 'Sender', plural: 'senders', scope: 'Cluster' },
  { kind: 'Trigger', plural: 'triggers', scope: 'Cluster' },
  { kind: 'Sink', plural: 'sinks', scope: 'Cluster' },
];

interface ResourceDefinition extends KubeObject {
  readonly spec: Schema;
}

export function resourceDefinitions(): readonly ResourceDefinition[] {
  const schemas = jsonSchemas();
  return kindsOfConfig.map((of) => definition(of, (schemas[`${of.kind.toLowerCase()}.schema.json`] ?? {}) as Schema));
}

function definition({ kind, plural, scope }: ConfigKind, schema: Schema): ResourceDefinition {
  const [group = '', version = ''] = API_VERSION.split('/');
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      ...{ group, scope },
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, categories: ['tidegate'] },
      versions: [
        {
          ...{ name: version, served: true, storage: true },
          schema: { openAPIV3Schema: withRules(rootOf(kind, schema), kind) },
          subresources: { status: {} },
          additionalPrinterColumns: columnsOf(kind),
        },
      ],
    },
  };
}

/** Of an object's metadata Kubernetes lets a definition say what its name is like, and nothing else. */
function rootOf(kind: string, schema: Schema): Schema {
  const { properties } = structural(schema);
  const { metadata, spec } = isRecord(properties) ? properties : {};
  const of = isRecord(metadata) && isRecord(metadata['properties']) ? metadata['properties'] : {};
  return {
    type: 'object',
    required: ['spec'],
    properties: {
      ...{ apiVersion: { type: 'string' }, kind: { type: 'string' } },
      metadata: { type: 'object', properties: { name: of['name'] } },
      spec: withNamedClusters(spec),
      status: statusSchema(kind),
    },
  };
}

/** No two clusters of a mesh have one name; and whoever applies a part of the list changes that cluster alone. */
function withNamedClusters(spec: unknown): unknown {
  const properties = isRecord(spec) && isRecord(spec['properties']) ? spec['properties'] : {};
  const { clusters } = properties;
  if (!isRecord(spec) || !isRecord(clusters)) return spec;
  // Cilium has so many ids; and a rule that compares all of them needs a bound.
  const named = { ...clusters, maxItems: 511, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };
  return { ...spec, properties: { ...properties, clusters: named } };
}
