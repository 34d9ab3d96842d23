/** Plans for tests of the state machine and of the workflows: three clusters, two waves. */
import type { ClusterRef } from '../../core/kube/cluster-ref.ts';
import type { Plan, PlannedStep, PlannedWave } from '../../core/rollout/plan/plan.ts';
import { WHOLE } from '../../core/values/share.ts';

const clusters = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'] as const;

interface Shape {
  readonly shares?: readonly number[];
  readonly bakeMs?: number;
  readonly approveAt?: number;
  readonly onBreach?: Plan['onBreach'];
  readonly kind?: Plan['kind'];
  readonly service?: string;
}

/** Wave 1: aws; wave 2: gcp and onprem. Every cluster answers its own calls. */
export function testPlan(shape: Shape = {}): Plan {
  const {
    shares = [50_000, 500_000, WHOLE],
    bakeMs = 1_000,
    approveAt = -1,
    onBreach = 'all',
    kind = 'deploy',
    service = 'checkout',
  } = shape;
  const wave = (name: string, serving: readonly string[]): PlannedWave => ({
    name,
    serving,
    clients: serving,
    skipped: [],
    enter: split(serving, 0),
    steps: shares.map((share, i): PlannedStep => ({
      share,
      bakeMs,
      approve: i === approveAt,
      versions: split(serving, share),
    })),
  });
  return {
    schema: 1,
    service: { mesh: 'shop', namespace: 'shop', service, installation: 'default' },
    kind,
    version: 'v2',
    replaces: Object.fromEntries(clusters.map((name) => [name, 'v1'])),
    sources: Object.fromEntries(
      clusters.map((name) => [name, { deployment: `${service}-v1`, image: `${service}:v2` }]),
    ),
    existed: false,
    seen: {},
    workload: 'managed',
    routes: Object.fromEntries(clusters.map((name) => [name, [name]])),
    clusters: Object.fromEntries(clusters.map((name): [string, ClusterRef] => [name, { name }])),
    initial: {},
    clouds: ['aws', 'gcp', 'onprem'],
    metrics: { kind: 'prometheus' },
    epoch: 1_000,
    confirms: true,
    withoutGap: true,
    ...(kind === 'deploy' && { pins: 'last' as const }),
    ...(kind === 'undo' && { pins: 'first' as const }),
    waves: [wave('canary', clusters.slice(0, 1)), wave('rest', clusters.slice(1))],
    slos: [{ name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 }],
    judge: { pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
    progressDeadlineMs: 60_000,
    warmUpMs: 0,
    warmMs: 1_000,
    maxUnknownMs: 5_000,
    onBreach,
    drainMs: 1_000,
    configDigest: 'test',
    notes: [],
  };
}

function split(serving: readonly string[], share: number): Record<string, Record<string, number>> {
  return Object.fromEntries(serving.map((name) => [name, { v1: WHOLE - share, v2: share }]));
}
