/** What a pod says of itself: to its callers, to OpenTelemetry and in its status. */
import { grpcPortsAnnotation } from '../mesh.ts';
import type { Condition, Pod } from './objects.ts';

export type PodPhase = 'starting' | 'listening' | 'crashed' | 'draining' | 'ended';

export interface PodPlace {
  readonly cluster: { readonly name: string; readonly cloud: string; readonly region: string };
  readonly zone: string;
}

export function identityOf(pod: Pick<Pod, 'metadata' | 'spec'>): { service: string; version: string } {
  const { labels = {}, name } = pod.metadata;
  const image = pod.spec.containers[0]?.image ?? '';
  return {
    service: labels['app.kubernetes.io/name'] ?? labels['app'] ?? name,
    version: labels['app.kubernetes.io/version'] ?? image.split(':').at(-1) ?? '',
  };
}

export interface PodPort {
  readonly number: number;
  readonly speaks: 'http' | 'grpc';
}

export function portsOf(pod: Pod): PodPort[] {
  const grpcPorts = pod.metadata.annotations?.[grpcPortsAnnotation]?.split(',') ?? [];
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports);
  const byNumber = new Map<number, PodPort>(
    declared.map(({ containerPort: number, name }) => {
      const isGrpc = name === 'grpc' || grpcPorts.includes(String(number));
      return [number, { number, speaks: isGrpc ? 'grpc' : 'http' }];
    }),
  );
  return byNumber.size > 0 ? [...byNumber.values()] : [{ number: 8080, speaks: 'http' }];
}

/** As an OpenTelemetry SDK reads its environment; without it the image itself knows what it is. */
function versionByEnv({ spec }: Pod): string | undefined {
  const env = spec.containers.flatMap((container) => container.env ?? []);
  const attributes = env.find(({ name }) => name === 'OTEL_RESOURCE_ATTRIBUTES')?.value ?? '';
  return /(?:^|,)service\.version=([^,]+)/.exec(attributes)?.[1];
}

export function resourceOf(
  pod: Pod,
  identity: { service: string; version: string },
  where: PodPlace,
): Record<string, string> {
  return {
    'service.name': identity.service,
    'service.version': versionByEnv(pod) ?? identity.version,
    'service.namespace': pod.metadata.namespace ?? 'default',
    'service.instance.id': pod.metadata.uid ?? pod.metadata.name,
    'k8s.cluster.name': where.cluster.name,
    'k8s.namespace.name': pod.metadata.namespace ?? 'default',
    'k8s.pod.name': pod.metadata.name,
    'k8s.node.name': pod.spec.nodeName ?? '',
    'cloud.provider': where.cluster.cloud,
    'cloud.region': where.cluster.region,
    'cloud.availability_zone': where.zone,
  };
}

export interface RunnerState {
  readonly phase: PodPhase;
  readonly ready: boolean;
  readonly readySince: string;
  readonly restarts: number;
  readonly address: string;
  /** Its image cannot be pulled. */
  readonly noImage: boolean;
}

function waitingFor({ noImage, phase, ready }: RunnerState, image: string): { reason: string; message?: string } {
  // As containerd and a registry say it.
  if (noImage)
    return { reason: 'ErrImagePull', message: `failed to pull and unpack image "${image}": ${image}: not found` };
  return { reason: phase === 'crashed' && !ready ? 'CrashLoopBackOff' : 'ContainerCreating' };
}

export function statusOf(pod: Pod, state: RunnerState): Record<string, unknown> {
  const condition = (type: string, value: boolean): Condition => ({
    type,
    status: value ? 'True' : 'False',
    lastTransitionTime: state.readySince,
    ...(value ? {} : { reason: 'ContainersNotReady' }),
  });
  const started = pod.metadata.creationTimestamp ?? state.readySince;
  const first = pod.spec.containers[0];
  const waiting = waitingFor(state, first?.image ?? '');
  const running = state.phase === 'listening';
  return {
    phase: state.phase === 'starting' && state.restarts === 0 ? 'Pending' : 'Running',
    podIP: state.address,
    podIPs: [{ ip: state.address }],
    startTime: started,
    conditions: [
      { ...condition('PodScheduled', true), lastTransitionTime: started },
      { ...condition('Initialized', true), lastTransitionTime: started },
      condition('ContainersReady', state.ready),
      condition('Ready', state.ready),
    ],
    containerStatuses: [
      {
        name: first?.name ?? 'main',
        image: first?.image ?? '',
        imageID: '',
        ready: state.ready,
        started: running,
        restartCount: state.restarts,
        state: running ? { running: { startedAt: state.readySince } } : { waiting },
      },
    ],
  };
}
