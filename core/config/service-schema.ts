/** The Service document as users write it. Parsing completes it with defaults, except waves and SLOs (they need the mesh). */
import { z } from 'zod';
import { DEFAULT_PROBE_ROUTES } from '../judge/series/probes.ts';
import { labels } from '../kube/labels.ts';
import { portProtocols } from '../routing/port-protocol.ts';
import { formatDuration } from '../values/duration.ts';
import { WHOLE } from '../values/share.ts';
import { capacityModes } from '../workload/capacity/need.ts';
import { driftPolicies } from '../workload/frontend/drift-policy.ts';
import { beforeSchema } from './before/before-schema.ts';
import {
  adoptDefaults,
  configDefault,
  driftDefault,
  MAX_PROBE_ROUTES,
  rolloutDefaults,
  serviceVersionDefault,
  waveDefaults,
} from './defaults.ts';
import { judgeSchema, ROUNDING, sumOf } from './judge-schema.ts';
import { API_VERSION } from './mesh-schema.ts';
import { policySchema, stickySchema, testersSchema } from './routes/routes-schema.ts';
import { slosSchema } from './slo-schema.ts';
import { gateSchema } from './windows/gate-schema.ts';
import { windowsSchema } from './windows/window-schema.ts';
import {
  annotationMap,
  clusterName,
  duration,
  labelMap,
  percentOf,
  resourceName,
  serviceName,
  stepShare,
  text,
  topologyShare,
} from './values.ts';

const shares = z.record(clusterName, topologyShare).superRefine((byCluster, context) => {
  const sum = Object.values(byCluster).reduce((total, share) => total + share, 0);
  if (sum === WHOLE) return;
  context.addIssue({
    code: 'custom',
    message: `the shares sum to ${percentOf(sum)} percent`,
    params: {
      hint: `they must sum to 100: ${sum < WHOLE ? `${percentOf(WHOLE - sum)} are missing` : `${percentOf(sum - WHOLE)} too many`}`,
    },
  });
});

export const topologySchema = z.record(clusterName, shares).meta({
  description: 'Per client cluster: who answers, in percent. A client that is not named answers its own calls.',
});

const match = z
  .strictObject({
    cloud: text('name of a cloud', 'aws').optional(),
    region: text('name of a region', 'us-east-1').optional(),
    labels: labelMap.optional(),
  })
  .superRefine((written, context) => {
    if (Object.keys(written).length > 0) return;
    context.addIssue({
      code: 'custom',
      message: 'is empty',
      params: { hint: 'name a cloud, a region or labels; for all others write clusters: rest' },
    });
  });

/** A number of clusters, or a part of them. */
const clusterCount = (description: string, most?: number) =>
  z
    .union([
      most === undefined ? z.int().gte(1) : z.int().gte(1).lte(most),
      z.string().regex(/^(?:100|[1-9]?\d(?:\.\d{1,2})?)%$/, 'is no percentage like 10%'),
    ])
    .refine((written) => written !== '0%' && !/^0\.0+%$/.test(String(written)), {
      error: 'is nothing',
      params: { hint: 'write 1, 10% or more' },
    })
    .meta({ title: 'number, or percentage like 10%', description, examples: ['10%', 5] });

const chosenClusters = z
  .strictObject({
    names: z.array(clusterName).min(1).optional(),
    match: match.optional(),
    count: clusterCount(
      'So many of the serving clusters that no other wave names or matches; a percentage is of all serving clusters, rounded up.',
    ).optional(),
    order: z
      .enum(['listed', 'shuffled'])
      .optional()
      .meta({
        description: `Which of them a count takes. listed: as the Mesh lists them. shuffled: mixed by the seed, the same in every plan; a cluster that joins moves no other. Left out: ${waveDefaults.order}.`,
      }),
    seed: z
      .int()
      .gte(0)
      .optional()
      .meta({ description: `Of order: shuffled; another seed, another order. Left out: ${waveDefaults.seed}.` }),
  })
  .superRefine((written, context) => {
    const refuse = (message: string, hint: string): void => {
      context.addIssue({ code: 'custom', message, params: { hint } });
    };
    const ways = [written.names, written.match, written.count].filter((one) => one !== undefined);
    if (ways.length !== 1)
      refuse(
        'needs exactly one of names, match and count',
        'write names: [...], match: {cloud, region, labels} or count: 10%',
      );
    else if (written.order !== undefined && written.count === undefined)
      refuse(
        'has an order without a count',
        'write count: 10%, or leave order out: the others take all that they name',
      );
    else if (written.seed !== undefined && written.order !== 'shuffled')
      refuse('has a seed that mixes nothing', 'write order: shuffled, or leave seed out');
  });

export const selectorSchema = z.union([z.literal('rest'), chosenClusters]).meta({
  title: 'selection of clusters',
  examples: [
    'rest',
    { names: ['aws-us-east-1'] },
    { match: { cloud: 'aws' } },
    { count: '10%', order: 'shuffled', seed: 7 },
  ],
});
export type ClusterSelector = z.output<typeof selectorSchema>;

const step = z.strictObject({
  share: stepShare,
  /** A step is proven before the next one: there is no bake of no time. */
  bake: z.union([z.literal('auto'), duration({ minMs: 1000 })]).meta({
    title: 'time like 10m, or auto',
    description: 'auto: as long as the sequential judge needs to show that the version is healthy.',
    examples: ['10m', 'auto'],
  }),
  approve: z.boolean().prefault(false).meta({ description: 'After the bake a person must approve.' }),
  gate: gateSchema.optional(),
});

const steps = z.array(step).min(1);

const wave = z.strictObject({
  name: text('wave name', 'canary').optional(),
  clusters: selectorSchema,
  concurrency: clusterCount(
    `How many clusters of the wave are prepared and written at the same time; a percentage is of the wave's clusters, rounded up. At most ${waveDefaults.mostAtOnce}. Left out: all, up to ${waveDefaults.mostAtOnce}.`,
    waveDefaults.mostAtOnce,
  ).optional(),
  steps,
});

const rollout = z
  .strictObject({
    waves: z.array(wave).min(1).optional(),
    progressDeadline: duration({ minMs: 1000 }).prefault(rolloutDefaults.progressDeadline),
    capacity: z.enum(capacityModes).prefault(rolloutDefaults.capacity).meta({
      description:
        'Pods of the new version before each share. full: as many as the version that it replaces has. byShare: those that the share needs, and a quarter more; the replaced version stays whole.',
    }),
    warmUp: duration().optional().meta({
      description: 'Not judged after a change of weights; 60s for the sequential judge, else 0s if left out.',
    }),
    warm: duration().prefault(rolloutDefaults.warm),
    maxUnknown: duration().prefault(rolloutDefaults.maxUnknown),
    onBreach: z.enum(['cluster', 'all']).prefault(rolloutDefaults.onBreach),
    drain: duration({ minMs: 1000 }).prefault(rolloutDefaults.drain),
    before: beforeSchema.optional(),
    windows: windowsSchema.optional(),
  })
  .superRefine(({ waves = [], warmUp = 0 }, context) => {
    waves.forEach((one, waveIndex) => {
      one.steps.forEach(({ bake }, stepIndex) => {
        if (bake === 'auto' || bake > warmUp) return;
        context.addIssue({
          code: 'custom',
          path: ['waves', waveIndex, 'steps', stepIndex, 'bake'],
          message: `the bake of ${formatDuration(bake)} ends within the warm-up of ${formatDuration(warmUp)}`,
          params: { hint: 'nothing would be judged: bake for longer than warmUp' },
        });
      });
    });
  });

const adopt = z.strictObject({
  bake: duration({ minMs: 1000 }).prefault(adoptDefaults.bake).meta({
    description:
      'Least time that each wave of an adoption is watched, after the warm-up; longer while the judge has seen too little.',
  }),
});

/** Whose an object is, and what it stands for, is said by labels and annotations of Tidegate's own. */
const ours = (key: string): boolean =>
  key.startsWith('tidegate.dev/') || key === labels.managedBy || key === labels.version;

const deployment = z
  .strictObject({ labels: labelMap.prefault({}), annotations: annotationMap.prefault({}) })
  .superRefine((written, context) => {
    for (const field of ['labels', 'annotations'] as const) {
      for (const key of Object.keys(written[field]).filter(ours)) {
        context.addIssue({
          code: 'custom',
          path: [field, key],
          message: 'is written by Tidegate itself',
          params: { hint: 'leave it out' },
        });
      }
    }
  })
  .meta({
    description:
      'Labels and annotations of the Deployments that Tidegate makes, such as policies of the cluster ask for. Those of the pods come from the pod template.',
  });

const port = z
  .union([z.int().gte(1).lte(65_535), z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?$/)])
  .meta({ title: 'port name or number', examples: ['http', 8080] });

export const serviceSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Service'),
  metadata: z.strictObject({ name: serviceName, namespace: resourceName('namespace') }),
  spec: z
    .strictObject({
      mesh: resourceName('mesh name'),
      port: port.optional().meta({
        description:
          'Port of the frontend Service whose calls are routed, by number or name; needed only when it has several. Calls to its other ports stay as they are and get the proven version.',
      }),
      protocol: z
        .enum(portProtocols)
        .meta({
          description:
            'What callers speak to that port, without TLS. http: HTTP/1.1 or HTTP/2, with WebSockets and streams. http2: the same, for services that keep thousands of streams on a connection. grpc: judged by the status of its calls. Left out: what appProtocol or the first word of the port name says, else http.',
        })
        .optional(),
      workload: z
        .enum(['managed', 'external'])
        .meta({ description: 'managed: Tidegate makes the Deployment of each version. external: somebody else does.' })
        .prefault('managed'),
      template: text('file path', 'workloads/checkout.yaml')
        .meta({
          description:
            'A Deployment or PodTemplate that versions are made from; starts at the folder of this file. Its annotation tidegate.dev/allow-plain-env: NAME,NAME lets variables pass that look like secrets and are none.',
        })
        .optional(),
      deployment: deployment.optional(),
      config: z
        .enum(['shared', 'copy'])
        .meta({
          description:
            'ConfigMaps and Secrets that the pods mount or read. shared: all versions read the same ones; plan and doctor say what changed under a version that traffic may go back to. copy: each version has copies of its own, as they were when it was made, so that an undo undoes config, too. An object with the annotation tidegate.dev/config: shared is not copied: use it for what is rotated, such as certificates. Needs a role of its own (infra/kubernetes/rbac-config.yaml).',
        })
        .prefault(configDefault),
      serviceVersion: z
        .enum(['asIs', 'env'])
        .meta({
          description:
            'How the pods of the Deployments that Tidegate makes tell OpenTelemetry which version they are. asIs: as their template does; service.version where it stands as text is rewritten. env: the container that serves gets service.version in OTEL_RESOURCE_ATTRIBUTES, added to what the template has there. A variable of that name that comes with envFrom is replaced.',
        })
        .prefault(serviceVersionDefault),
      topology: topologySchema.optional(),
      failover: z.array(clusterName).min(1).optional().meta({
        description:
          'Who answers in the place of a cluster that is drained: the first of these that can takes all of its calls. Left out: all that answer already, in proportion.',
      }),
      ratePerReplica: z
        .number()
        .positive()
        .optional()
        .meta({
          description:
            'Requests per second that one pod answers within its objectives. A failover gives the calls of a lost cluster to those that have room by it, and a drill says what would have been shed. Left out: whether the others can carry them is not known.',
          examples: [50],
        }),
      policy: policySchema.prefault({}),
      adopt: adopt.prefault({}),
      testers: testersSchema.optional(),
      sticky: stickySchema.optional(),
      rollout: rollout.prefault({}),
      drift: z
        .enum(driftPolicies)
        .meta({
          description:
            'When somebody changes the pin, port, targetPort or selector of the frontend between rollouts. repair: it is put back. adopt: the record takes the new port, a targetPort that all pods declare, and additions to the selector; the rest is asked. ask: a person decides, and forward changes wait.',
        })
        .prefault(driftDefault),
      judge: judgeSchema.prefault({}),
      slos: slosSchema.optional(),
      probeRoutes: z
        .array(text('route', '/healthz').regex(/^\//, 'does not begin with /'))
        .max(MAX_PROBE_ROUTES)
        .optional()
        .meta({
          description: `Routes (http.route) of health checks, which no SLO counts. Left out: ${DEFAULT_PROBE_ROUTES.join(', ')}. An empty list: all count.`,
          examples: [['/healthz', '/internal/ready']],
        }),
    })
    .superRefine(({ config, workload }, context) => {
      if (config === 'shared' || workload === 'managed') return;
      context.addIssue({
        code: 'custom',
        path: ['config'],
        message: 'copy is for workload: managed, whose pod templates Tidegate writes',
        params: { hint: 'leave it out' },
      });
    })
    .superRefine(({ serviceVersion, workload }, context) => {
      if (serviceVersion === 'asIs' || workload === 'managed') return;
      context.addIssue({
        code: 'custom',
        path: ['serviceVersion'],
        message: 'env is for workload: managed, whose pod templates Tidegate writes',
        params: { hint: 'leave it out, and let whoever makes the Deployments set service.version' },
      });
    })
    .superRefine(({ judge: { type }, rollout: { waves = [] } }, context) => {
      if (type === 'sequential') return;
      waves.forEach((one, wave) => {
        one.steps.forEach(({ bake }, index) => {
          if (bake !== 'auto') return;
          context.addIssue({
            code: 'custom',
            path: ['rollout', 'waves', wave, 'steps', index, 'bake'],
            message: `auto needs the sequential judge, this service has ${type}`,
            params: { hint: 'write a time, or judge: {type: sequential}' },
          });
        });
      });
    })
    .superRefine(({ judge, slos = [] }, context) => {
      slos.forEach((slo, index) => {
        if (slo.kayenta === undefined || (judge.type === 'kayenta' && slo.judge === undefined)) return;
        const by = slo.judge === undefined ? `this service has ${judge.type}` : 'this SLO has a judge of its own';
        context.addIssue({
          code: 'custom',
          path: ['slos', index, 'kayenta'],
          message: `needs the service's kayenta judge, ${by}`,
          params: { hint: 'leave it out, or write judge: {type: kayenta} in spec' },
        });
      });
    })
    .superRefine(({ judge, slos = [] }, context) => {
      if (judge.type !== 'kayenta' || judge.groupWeights === undefined) return;
      const weights = judge.groupWeights;
      // '' stands for the SLOs that name no group: no weight can name it.
      const groups = new Set(slos.flatMap((slo) => (slo.judge === undefined ? (slo.kayenta?.groups ?? ['']) : [])));
      const refuse = (path: string[], message: string, hint: string): void => {
        context.addIssue({ code: 'custom', path: ['judge', 'groupWeights', ...path], message, params: { hint } });
      };
      for (const group of Object.keys(weights))
        if (!groups.has(group)) refuse([group], 'no SLO is in this group', 'write it in slos[].kayenta.groups');
      if ([...groups].every((group) => group === '')) return;
      const weighed = [...groups].every((group) => weights[group] !== undefined);
      const sum = sumOf(weights);
      if (weighed && sum < 100 - ROUNDING)
        refuse([], `add up to ${String(sum)}, and every group has one`, 'the weights of all groups add up to 100');
      if (!weighed && sum > 100 - ROUNDING)
        refuse([], 'leave nothing for SLOs of other groups or of none', 'weigh their groups, too');
    })
    .superRefine(({ testers, sticky }, context) => {
      if (testers?.cookie === undefined || testers.cookie.name !== sticky?.cookie) return;
      context.addIssue({
        code: 'custom',
        path: ['sticky', 'cookie'],
        message: `${testers.cookie.name} is the cookie of testers, too`,
        params: { hint: 'give one of them another name' },
      });
    })
    .superRefine(({ policy: { requestTimeout }, rollout: { drain } }, context) => {
      if (drain >= requestTimeout) return;
      context.addIssue({
        code: 'custom',
        path: ['rollout', 'drain'],
        message: `a drain of ${formatDuration(drain)} cuts requests that may take ${formatDuration(requestTimeout)}`,
        params: { hint: `write ${formatDuration(requestTimeout)} or more` },
      });
    }),
});

export type WrittenService = z.output<typeof serviceSchema>;
