/** The Mesh document as users write it. Parsing completes it with defaults. */
import { z } from 'zod';
import { accessSchema, kubeconfigSchema, refuseOtherThanOneAccess } from './access/access-schema.ts';
import { isLoopback } from '../values/loopback.ts';
import { approvalDefaults, meshDefaults, temporalDefaults } from './defaults.ts';
import {
  clusterName,
  duration,
  environmentVariable,
  labelMap,
  metricsUrl,
  resourceName,
  secretRef,
  signedUrl,
  tenantHeader,
  tenantId,
  text,
} from './values.ts';
import { windowsSchema } from './windows/window-schema.ts';

export const API_VERSION = 'tidegate.dev/v1alpha1';

const locality = z.strictObject({
  cloud: text('name of a cloud', 'aws'),
  region: text('name of a region', 'us-east-1'),
  zones: z.array(text('name of a zone', 'us-east-1a')).prefault([]),
});

const cluster = z
  .strictObject({
    name: clusterName,
    cilium: z.strictObject({
      id: z
        .int()
        .gte(1)
        .lte(511)
        .meta({ title: 'Cilium cluster id (1 to 511)', examples: [1] }),
    }),
    locality: locality.meta({ description: 'Where the cluster runs; waves select clusters by it.' }),
    labels: labelMap.prefault({}),
    access: accessSchema.optional(),
    kubeconfig: kubeconfigSchema
      .meta({ description: 'The short form of access: {kubeconfig: ...}; give one of the two.' })
      .optional(),
  })
  .superRefine(refuseOtherThanOneAccess);

const prometheus = z
  .strictObject({
    url: metricsUrl,
    tokenEnv: environmentVariable.optional(),
    tenant: tenantId
      .meta({ description: 'Whose metrics are read, where the backend keeps several tenants apart.' })
      .optional(),
    tenantHeader: tenantHeader
      .meta({ description: 'Header that carries the tenant; X-Scope-OrgID (Mimir, Cortex) when left out.' })
      .optional(),
  })
  .superRefine(({ url, tokenEnv }, context) => {
    if (tokenEnv === undefined || !URL.canParse(url)) return;
    const { protocol, hostname } = new URL(url);
    if (protocol !== 'http:' || isLoopback(hostname)) return;
    context.addIssue({
      code: 'custom',
      path: ['url'],
      message: 'is http, and a token would cross the network in the clear',
      params: {
        hint: 'write https://..., or leave tokenEnv out; http with a token is for this very machine (127.0.0.1)',
      },
    });
  })
  .superRefine(({ tenant, tenantHeader: header }, context) => {
    if (tenant !== undefined || header === undefined) return;
    context.addIssue({
      code: 'custom',
      path: ['tenantHeader'],
      message: 'names a header, but there is no tenant to send in it',
      params: { hint: 'add tenant, or leave tenantHeader out' },
    });
  });

const otlp = z.strictObject({}).meta({
  description:
    'Counts come from the OTLP receiver of the worker (tidegate worker --otlp-listen); no metrics store is read.',
});

const registry = z.strictObject({
  host: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$/)
    .meta({ title: 'host of a registry', examples: ['ghcr.io', 'registry.shop.example:5000'] }),
  credentials: z
    .union([
      z.strictObject({ usernameEnv: environmentVariable, passwordEnv: environmentVariable }),
      z.strictObject({ file: text('path of a docker config file', '/var/run/secrets/registry/config.json') }),
    ])
    .meta({
      description: "Where the worker finds them: in its environment, or in a docker config's auths. Left out: none.",
    })
    .optional(),
});
const approvals = z
  .strictObject({
    key: z.array(secretRef).min(1).max(2).meta({
      description:
        'Where the key lies that signs links: at least 32 random bytes. The first signs, both are believed, so that one can replace the other.',
    }),
    url: signedUrl('URL of the front door', 'https://tidegate.example.com'),
    ttl: duration({ minMs: 60_000, maxMs: 7 * 24 * 3_600_000 })
      .prefault(approvalDefaults.ttl)
      .meta({ description: 'How long a link can be used.' }),
  })
  .meta({ description: 'Approvals by signed link. Left out: no link is made, and none is believed.' });

export const meshSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Mesh'),
  metadata: z.strictObject({ name: resourceName('mesh name') }),
  spec: z.strictObject({
    installation: resourceName('installation name')
      .meta({
        description: 'Which Tidegate owns the objects that it writes; two installations never touch each other.',
      })
      .prefault(meshDefaults.installation),
    clusters: z.array(cluster).min(1).superRefine(refuseTwins),
    temporal: z
      .strictObject({
        dollarsPerMillionActions: z
          .number()
          .nonnegative()
          .meta({
            description:
              "What Temporal bills for a million actions, in US dollars: plans and reports say what a rollout costs. The default is Temporal Cloud's list price; 0 for a server of one's own.",
          })
          .prefault(temporalDefaults.dollarsPerMillionActions),
      })
      .optional(),
    failover: z
      .enum(['auto', 'ask', 'off'])
      .meta({
        description:
          'When a cluster is lost: its API server does not answer, and calls of other clusters to it fail. auto: their calls are moved at once. ask: it is told, and a person says the word (tidegate cluster failover NAME). off: nobody looks; the word of a person still counts. Nothing comes back by itself: tidegate cluster restore NAME.',
      })
      .prefault(meshDefaults.failover),
    registries: z
      .array(registry)
      .max(50)
      .meta({ description: 'Of images whose tags triggers list; one that needs no credentials may be left out.' })
      .optional(),
    windows: windowsSchema.optional(),
    approvals: approvals.optional(),
    metrics: z
      .strictObject({ prometheus: prometheus.optional(), otlp: otlp.optional() })
      .superRefine(refuseOtherThanOne)
      .meta({
        description: 'Without it nothing can be judged: such a mesh can be read, but no version deployed.',
        minProperties: 1,
        maxProperties: 1,
      })
      .optional(),
  }),
});

export type WrittenMesh = z.output<typeof meshSchema>;

/** What checks of Services need of a mesh that may have mistakes elsewhere. */
export const selectableClusters = z.array(
  z.looseObject({ name: clusterName, locality: locality.catchall(z.unknown()), labels: labelMap.prefault({}) }),
);
export type SelectableCluster = z.output<typeof selectableClusters>[number];

function refuseOtherThanOne(
  { prometheus: store, otlp: receiver }: { readonly prometheus?: unknown; readonly otlp?: unknown },
  context: z.RefinementCtx,
): void {
  const [none, both] = [!store && !receiver, store && receiver];
  if (!none && !both) return;
  context.addIssue({
    code: 'custom',
    message: none ? 'does not say where the metrics are' : 'names two places for the metrics',
    params: { hint: 'give either prometheus: {url: ...} or otlp: {}' },
  });
}

function refuseTwins(clusters: readonly z.output<typeof cluster>[], context: z.RefinementCtx): void {
  clusters.forEach((one, index) => {
    const before = clusters.slice(0, index);
    if (before.some((other) => other.name === one.name)) {
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `there is already a cluster ${one.name}`,
        params: { hint: 'give each cluster its own name' },
      });
    }
    const twin = before.find((other) => other.cilium.id === one.cilium.id);
    if (twin !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [index, 'cilium', 'id'],
        message: `${twin.name} has the same Cilium id ${String(one.cilium.id)}`,
        params: {
          hint: "use the id of Cilium's own configuration (cilium-config, cluster-id); it is unique in a mesh",
        },
      });
    }
  });
}
