/**
 * SLOs in OpenSLO terms, as far as Tidegate can judge them: the share of failed requests (ratioMetric) and the share of
 * requests faster than a histogram edge (thresholdMetric).
 */
import { z } from 'zod';
import { defaultBadCodes, rpcCodes } from '../judge/rpc-codes.ts';
import type { KayentaMetric, Slo } from '../judge/settings.ts';
import { present } from '../values/json.ts';
import { MAX_SHADOWS } from './defaults.ts';
import { judgeSchema, kayentaMetricSchema, resolveJudge } from './judge-schema.ts';
import { resourceName } from './values.ts';

const sourceTypes = [
  'opentelemetry-http-server',
  'opentelemetry-rpc-server',
  'envoy-cluster',
  'envoy-cluster-grpc',
] as const;
const sources = {
  'opentelemetry-http-server': { source: 'server' },
  'opentelemetry-rpc-server': { source: 'server', protocol: 'rpc' },
  'envoy-cluster': { source: 'envoy' },
  'envoy-cluster-grpc': { source: 'envoy', protocol: 'rpc' },
} as const;

/** Edges of OpenTelemetry's server durations, HTTP and RPC, seconds: between them a count of slow requests is a guess. */
const serverEdgesS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Edges of Envoy's upstream_rq_time, seconds; its buckets go on to an hour. */
const envoyEdgesS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const edgesOf = (type: (typeof sourceTypes)[number]): readonly number[] =>
  type === 'envoy-cluster' ? envoyEdgesS : serverEdgesS;

const isRpc = (type: (typeof sourceTypes)[number]): boolean => 'protocol' in sources[type];

const ratioMetric = z
  .strictObject({
    counter: z.literal(true).prefault(true),
    bad: z.strictObject({
      metricSource: z.strictObject({
        type: z.enum(sourceTypes),
        spec: z
          .strictObject({
            statusClass: z.literal('5xx').optional(),
            codes: z
              .array(z.enum(rpcCodes).exclude(['OK']))
              .min(1)
              .optional(),
          })
          .meta({
            description: `statusClass: of HTTP, 5xx, which is counted anyway. codes: of gRPC, which are bad; left out: ${defaultBadCodes.join(', ')}.`,
            examples: [{ codes: ['UNKNOWN', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'DEADLINE_EXCEEDED'] }],
          })
          .optional(),
      }),
    }),
    total: z.strictObject({ metricSource: z.strictObject({ type: z.enum(sourceTypes) }) }),
  })
  .superRefine(({ bad, total }, context) => {
    const { type, spec = {} } = bad.metricSource;
    if (isRpc(type) && spec.statusClass !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['bad', 'metricSource', 'spec', 'statusClass'],
        message: 'RPC has no status classes',
        params: { hint: 'leave it out: the status codes that are errors of servers count, or those of codes' },
      });
    }
    if (!isRpc(type) && spec.codes !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['bad', 'metricSource', 'spec', 'codes'],
        message: `${type} has no status codes of gRPC`,
        params: { hint: 'leave it out, or count with opentelemetry-rpc-server or envoy-cluster-grpc' },
      });
    }
    if (bad.metricSource.type === total.metricSource.type) return;
    context.addIssue({
      code: 'custom',
      path: ['total', 'metricSource', 'type'],
      message: `bad requests are counted by ${bad.metricSource.type}, all requests by ${total.metricSource.type}`,
      params: { hint: `count both with ${bad.metricSource.type}` },
    });
  });

/** How long a call took is told by the same times of Envoy, whatever its status. */
const thresholdMetric = z.strictObject({
  metricSource: z.strictObject({ type: z.enum(sourceTypes).exclude(['envoy-cluster-grpc']) }),
});

const objective = z.strictObject({
  target: z
    .number()
    .gt(0)
    .lt(1)
    .meta({ title: 'share of good requests between 0 and 1', examples: [0.99] }),
  op: z.literal('lte').optional(),
  value: z
    .number()
    .optional()
    .meta({ title: 'number of seconds', examples: [0.25] }),
});

const sloSchema = z
  .strictObject({
    name: resourceName('SLO name'),
    indicator: z
      .strictObject({ ratioMetric: ratioMetric.optional(), thresholdMetric: thresholdMetric.optional() })
      .superRefine((indicator, context) => {
        if (Object.values(indicator).filter((metric) => metric !== undefined).length === 1) return;
        context.addIssue({
          code: 'custom',
          message: 'needs exactly one of ratioMetric and thresholdMetric',
          params: { hint: 'errors: ratioMetric; latency: thresholdMetric' },
        });
      }),
    objectives: z.array(objective).min(1),
    judge: judgeSchema.optional().meta({ description: "Judges this SLO instead of the service's judge." }),
    shadow: z
      .array(judgeSchema)
      .max(MAX_SHADOWS)
      .optional()
      .meta({ description: 'Judges that run beside it and only report.' }),
    kayenta: kayentaMetricSchema.optional().meta({
      description: "What this SLO is to the canary of the service's kayenta judge.",
    }),
  })
  .superRefine(({ judge, shadow = [] }, context) => {
    [judge, ...shadow].forEach((one, i) => {
      if (one?.type !== 'kayenta' || one.groupWeights === undefined) return;
      context.addIssue({
        code: 'custom',
        path: [...(i === 0 ? ['judge'] : ['shadow', i - 1]), 'groupWeights'],
        message: 'has no meaning for one SLO',
        params: { hint: "weigh groups in the service's judge" },
      });
    });
  })
  .superRefine((slo, context) => {
    slo.objectives.forEach((one, index) => {
      const fault = objectiveFault(one, slo.indicator.thresholdMetric?.metricSource.type);
      if (fault === undefined) return;
      context.addIssue({
        code: 'custom',
        path: ['objectives', index, ...fault.path],
        message: fault.message,
        params: { hint: fault.hint },
      });
    });
  });

type Objective = z.output<typeof objective>;

const objectiveFault = (
  { op, value }: Objective,
  latency: (typeof sourceTypes)[number] | undefined,
): { path: string[]; message: string; hint: string } | undefined => {
  if (latency === undefined) {
    if (op === undefined && value === undefined) return undefined;
    const path = [op === undefined ? 'value' : 'op'];
    return { path, message: 'has no meaning for a ratioMetric', hint: 'leave only target' };
  }
  if (op === undefined || value === undefined) {
    return {
      path: [],
      message: 'a latency objective needs op and value',
      hint: 'write op: lte and value: 0.25 (seconds)',
    };
  }
  const edges = edgesOf(latency);
  if (edges.includes(value)) return undefined;
  const near = nearestEdges(value, edges).map(String).join(' or ');
  return { path: ['value'], message: `${String(value)} s is no edge of the duration histogram`, hint: `use ${near}` };
};

const nearestEdges = (value: number, edges: readonly number[]): number[] => {
  const below = edges.filter((edge) => edge < value).slice(-1);
  const above = edges.filter((edge) => edge > value).slice(0, 1);
  return [...below, ...above];
};

export const slosSchema = z
  .array(sloSchema)
  .min(1)
  .superRefine((slos, context) => {
    slos.forEach((slo, index) => {
      if (slos.findIndex((other) => other.name === slo.name) === index) return;
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `there is already an SLO ${slo.name}`,
        params: { hint: 'give each SLO its own name' },
      });
    });
  });

const sourceTypeOf = ({ ratioMetric: ratio, thresholdMetric: threshold }: Indicator): (typeof sourceTypes)[number] =>
  ratio?.bad.metricSource.type ?? threshold?.metricSource.type ?? 'opentelemetry-http-server';

type Indicator = z.output<typeof sloSchema>['indicator'];

const metricOf = ({ groups, ...rest }: z.output<typeof kayentaMetricSchema>): KayentaMetric =>
  groups === undefined ? rest : { ...rest, groups };

/** One Slo per objective; several objectives of one SLO are told apart by their target (and threshold). */
export const resolveSlos = (written: z.output<typeof slosSchema>): Slo[] =>
  written.flatMap(({ name, indicator, objectives, judge, shadow, kayenta }) =>
    objectives.map(({ target, value = 0 }): Slo => {
      const suffix = indicator.thresholdMetric === undefined ? String(target) : `${String(target)}-${String(value)}s`;
      return {
        name: objectives.length === 1 ? name : `${name}-${suffix}`,
        ...sources[sourceTypeOf(indicator)],
        indicator:
          indicator.thresholdMetric === undefined ? { kind: 'errors' } : { kind: 'latency', thresholdS: value },
        target,
        ...present({ badCodes: indicator.ratioMetric?.bad.metricSource.spec?.codes }),
        ...(judge === undefined ? {} : { judge: resolveJudge(judge) }),
        ...(shadow === undefined ? {} : { shadow: shadow.map(resolveJudge) }),
        ...(kayenta === undefined ? {} : { kayenta: metricOf(kayenta) }),
      };
    }),
  );
