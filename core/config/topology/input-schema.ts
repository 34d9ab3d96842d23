/** The planner's input as users write it: what is asked, what can serve it, how far and how dear it is. */
import { z } from 'zod';
import { MOST_UTILISATION } from '../../topology/delay.ts';
import { API_VERSION } from '../mesh-schema.ts';
import { clusterName, resourceName, text } from '../values.ts';

const percent = (title: string, example: number) =>
  z
    .number()
    .gt(0)
    .lte(100)
    .meta({ title: `${title}, percent`, examples: [example] });
const amount = (title: string, example: number) =>
  z
    .number()
    .nonnegative()
    .meta({ title, examples: [example] });
const byCluster = <T extends z.ZodType>(value: T) => z.record(clusterName, value);

const bytes = {
  requestBytes: amount('bytes of a request', 800).prefault(1_000),
  responseBytes: amount('bytes of a response', 12_000).prefault(10_000),
};

const call = z.strictObject({
  from: resourceName('service'),
  to: resourceName('service'),
  times: amount('calls for each request that the caller serves', 1).prefault(1),
  ...bytes,
});

const requestClass = z.strictObject({
  tier: z
    .int()
    .gte(1)
    .lte(9)
    .meta({ description: '1 survives the loss of any one cluster; the highest number is shed first.' })
    .prefault(1),
  root: resourceName('service'),
  ...bytes,
  calls: z.array(call).prefault([]),
  demand: byCluster(amount('requests/s', 120)).meta({ description: 'Requests/s by the cluster where clients call.' }),
});

const service = z.strictObject({
  serviceMs: z
    .number()
    .gt(0)
    .meta({ title: 'time of a request on an idle replica, ms', examples: [8] }),
  ratePerReplica: z
    .number()
    .gt(0)
    .meta({ title: 'requests/s that a replica can serve at most', examples: [50] }),
  replicas: byCluster(
    z.union([amount('ready replicas', 4), z.record(text('name of a zone', 'us-east-1a'), amount('ready replicas', 2))]),
  ),
  slower: byCluster(
    z
      .number()
      .gt(0)
      .meta({ title: 'factor', examples: [3] }),
  ).prefault({}),
  allow: z
    .strictObject({ clusters: z.array(clusterName).optional(), clouds: z.array(text('cloud', 'aws')).optional() })
    .meta({ description: 'Residency: where its calls may be answered. Left out: anywhere.' })
    .optional(),
  maxShare: byCluster(percent('most of its calls that a cluster may answer', 60)).prefault({}),
});

export const topologyInputSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('TopologyInput'),
  clusters: byCluster(z.strictObject({ cloud: text('cloud', 'aws'), region: text('region', 'us-east-1') })),
  objective: z.enum(['latency', 'cost', 'balanced']).prefault('balanced'),
  dollarsPerMillionMs: amount('dollars that a million requests faster by 1 ms are worth', 0.05)
    .meta({ description: 'Weighs time against egress when the objective is balanced.' })
    .prefault(0.05),
  utilisation: z
    .number()
    .gt(0)
    .lte(MOST_UTILISATION * 100)
    .meta({
      title: 'how full replicas are planned, percent',
      description:
        'At 70 one of three clusters may vanish, and the others are full, but not over. At most 95: a full queue has no end.',
      examples: [70],
    })
    .prefault(70),
  warm: z
    .union([z.literal(0), z.number().gte(0.1).lte(20)])
    .meta({
      title: 'least share of an allowed cluster, percent',
      description: '0, or at least 0.1: smaller shares are not planned.',
      examples: [1],
    })
    .prefault(0),
  roundTripMs: byCluster(byCluster(amount('ms', 85))).meta({ description: 'In one direction or both.' }),
  dollarsPerGb: byCluster(byCluster(amount('dollars', 0.02)))
    .meta({ description: 'From a cluster to another. Left out: list prices of aws, azure and gcp; onprem is free.' })
    .prefault({}),
  services: z.record(resourceName('service'), service),
  classes: z.record(resourceName('class'), requestClass),
});
