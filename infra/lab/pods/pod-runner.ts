/**
 * The life of one pod, as a kubelet leads it:
 *
 *   starting ──► running (ready) ──► draining ──► gone
 *        ▲            │ crash
 *        └─ back-off ─┘
 */
import type { KubeClient } from '../kube-client.ts';
import { loopbackOf } from '../slot.ts';
import { createContainer } from './container.ts';
import type { Container } from './container.ts';
import type { FaultBook } from './faults.ts';
import { isTerminating } from './objects.ts';
import type { Condition, Pod } from './objects.ts';
import { startTelemetry } from './telemetry.ts';

/** From start to listening; a probe period later the pod is ready. */
const startUpMs = 800;
const probeMs = 200;
/** What a preStop hook gives clients and proxies to hear of the end, while the pod goes on serving. */
const preStopMs = 2_000;
const lastRequestsMs = 1_000;
/** A `crash` fault strikes this long after ready. */
const crashAfterReadyMs = 1_500;
/** From the end of a process until its status says so. */
const noticeMs = 500;
const firstBackOffMs = 1_000;
const longestBackOffMs = 10_000;

export interface RunnerOptions {
  readonly client: KubeClient;
  readonly address: string;
  readonly faults: FaultBook;
  readonly metricsUrl: string;
  readonly cluster: { readonly name: string; readonly cloud: string; readonly region: string };
  readonly zone: string;
  /** Called with the API server's answer to a status write. */
  readonly onStatus: (pod: Pod) => void;
  readonly onGone: () => void;
}

export interface PodRunner {
  readonly address: string;
  /** Level-based: called on every change of the pod and a few times a second. */
  tick(pod: Pod): void;
  /** The object is gone from the API without a graceful end. */
  kill(): void;
}

type Phase = 'starting' | 'listening' | 'crashed' | 'draining' | 'ended';

export function startPod(first: Pod, options: RunnerOptions): PodRunner {
  const identity = { ...identityOf(first), cluster: options.cluster.name, name: first.metadata.name };
  const ports = portsOf(first);
  let phase: Phase = 'starting';
  let container: Container | undefined;
  let since = Date.now();
  let restarts = 0;
  let ready = false;
  let readySince = new Date().toISOString();
  let written = '';
  let busy = false;

  function startContainer(): void {
    phase = 'listening';
    since = Date.now();
    container = createContainer({
      address: loopbackOf(options.address),
      ports,
      pod: identity,
      faults: options.faults,
      telemetry: startTelemetry({ metricsUrl: options.metricsUrl, resource: resourceOf(first, identity, options) }),
    });
    container.listen().catch((error: unknown) => {
      console.error(`${identity.cluster}/${identity.name}: ${String(error)}`);
      crash();
    });
  }

  function crash(): void {
    container?.crash();
    container = undefined;
    phase = 'crashed';
    since = Date.now();
    restarts++;
  }

  function setReady(value: boolean): void {
    if (ready === value) return;
    ready = value;
    readySince = new Date().toISOString();
  }

  function advance(pod: Pod): void {
    const now = Date.now();
    if (isTerminating(pod) && phase !== 'draining' && phase !== 'ended') return drain(pod);
    const fault = options.faults.of(identity);
    if (phase === 'starting' && now - since >= startUpMs) startContainer();
    else if (phase === 'listening') {
      if (fault.unready) setReady(false);
      else if (now - since >= probeMs) setReady(true);
      if (fault.crash && ready && now - Math.max(since, Date.parse(readySince)) >= crashAfterReadyMs) crash();
    } else if (phase === 'crashed') {
      if (now - since >= noticeMs) setReady(false);
      const backOff = Math.min(longestBackOffMs, firstBackOffMs * 2 ** (restarts - 1));
      if (now - since >= backOff + startUpMs) startContainer();
    }
  }

  function drain(pod: Pod): void {
    const running = container;
    phase = 'draining';
    if (!running) return end(pod);
    running.drain();
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000;
    setTimeout(() => void running.stop(lastRequestsMs).then(() => end(pod)), Math.min(graceMs, preStopMs));
  }

  function end(pod: Pod): void {
    container = undefined;
    phase = 'ended';
    remove(pod);
  }

  function remove(pod: Pod): void {
    if (busy) return;
    busy = true;
    const { namespace = 'default', name, uid } = pod.metadata;
    options.client
      .remove(`/api/v1/namespaces/${namespace}/pods/${name}`, {
        gracePeriodSeconds: 0,
        ...(uid === undefined ? {} : { uid }),
      })
      .then(options.onGone, () => undefined)
      .finally(() => (busy = false));
  }

  function writeStatus(pod: Pod): void {
    const status = statusOf(pod, { phase, ready, readySince, restarts, address: options.address });
    const text = JSON.stringify(status);
    if (busy || text === written) return;
    busy = true;
    const { namespace = 'default', name } = pod.metadata;
    options.client
      .merge<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { status })
      .then(
        (answer) => {
          written = text;
          options.onStatus(answer);
        },
        () => undefined, // tried again at the next tick
      )
      .finally(() => (busy = false));
  }

  return {
    address: options.address,
    tick(pod) {
      advance(pod);
      if (phase === 'ended') remove(pod);
      else if (phase !== 'draining') writeStatus(pod);
    },
    kill() {
      container?.crash();
      container = undefined;
      phase = 'ended';
    },
  };
}

function identityOf(pod: Pod): { service: string; version: string } {
  const { labels = {}, name } = pod.metadata;
  const image = pod.spec.containers[0]?.image ?? '';
  return {
    service: labels['app.kubernetes.io/name'] ?? labels['app'] ?? name,
    version: labels['app.kubernetes.io/version'] ?? image.split(':').at(-1) ?? '',
  };
}

function portsOf(pod: Pod): number[] {
  const ports = pod.spec.containers.flatMap(({ ports: declared = [] }) => declared.map((port) => port.containerPort));
  return ports.length > 0 ? [...new Set(ports)] : [8080];
}

function resourceOf(
  pod: Pod,
  identity: { service: string; version: string },
  options: RunnerOptions,
): Record<string, string> {
  return {
    'service.name': identity.service,
    'service.version': identity.version,
    'service.namespace': pod.metadata.namespace ?? 'default',
    'service.instance.id': pod.metadata.uid ?? pod.metadata.name,
    'k8s.cluster.name': options.cluster.name,
    'k8s.namespace.name': pod.metadata.namespace ?? 'default',
    'k8s.pod.name': pod.metadata.name,
    'k8s.node.name': pod.spec.nodeName ?? '',
    'cloud.provider': options.cluster.cloud,
    'cloud.region': options.cluster.region,
    'cloud.availability_zone': options.zone,
  };
}

interface RunnerState {
  readonly phase: Phase;
  readonly ready: boolean;
  readonly readySince: string;
  readonly restarts: number;
  readonly address: string;
}

function statusOf(pod: Pod, state: RunnerState): Record<string, unknown> {
  const condition = (type: string, value: boolean): Condition => ({
    type,
    status: value ? 'True' : 'False',
    lastTransitionTime: state.readySince,
    ...(value ? {} : { reason: 'ContainersNotReady' }),
  });
  const started = pod.metadata.creationTimestamp ?? state.readySince;
  const first = pod.spec.containers[0];
  const waiting = state.phase === 'crashed' && !state.ready ? 'CrashLoopBackOff' : 'ContainerCreating';
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
        state: running ? { running: { startedAt: state.readySince } } : { waiting: { reason: waiting } },
      },
    ],
  };
}
