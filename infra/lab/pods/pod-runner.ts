/**
 * The life of one pod, as a kubelet leads it:
 *
 *   starting ──► listening (ready) ──► draining ──► ended
 *        ▲            │ crash
 *        └─ back-off ─┘
 */
import type { KubeClient } from '../api/kube-client.ts';
import { loopbackOf } from '../processes/slot.ts';
import { createContainer, type Container } from './container.ts';
import type { FaultBook, PodIdentity } from './faults.ts';
import { isTerminating, type Pod } from './objects.ts';
import { identityOf, portsOf, resourceOf, statusOf, type PodPhase, type PodPlace } from './pod-description.ts';
import { podPath } from './replicaset-controller.ts';
import { startTelemetry } from './telemetry.ts';
import { present } from '../../../core/values/json.ts';

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

export interface RunnerOptions extends PodPlace {
  readonly client: KubeClient;
  readonly address: string;
  readonly faults: FaultBook;
  readonly metricsUrl: string;
  readonly metricsIntervalMs: number;
  /** Called with the API server's answer to a status write. */
  readonly onStatus: (pod: Pod) => void;
  readonly onGone: () => void;
}

export class PodRunner {
  readonly address: string;
  readonly #options: RunnerOptions;
  readonly #identity: PodIdentity & { readonly name: string };
  #phase: PodPhase = 'starting';
  #container: Container | undefined;
  /** Begin of the phase. */
  #since = Date.now();
  #restarts = 0;
  #ready = false;
  #readySince = Date.now();
  /** The status that the API server has. */
  #written = '';
  /** One call to the API server at a time. */
  #busy = false;

  constructor(pod: Pod, options: RunnerOptions) {
    this.#options = options;
    this.#identity = { ...identityOf(pod), cluster: options.cluster.name, name: pod.metadata.name };
    this.address = options.address;
  }

  /** Level-based: called on every change of the pod and a few times a second. */
  tick(pod: Pod): void {
    this.#advance(pod);
    if (this.#phase === 'ended') this.#remove(pod);
    else if (this.#phase !== 'draining') this.#writeStatus(pod);
  }

  /** The object is gone from the API without a graceful end. */
  kill(): void {
    this.#container?.crash();
    this.#container = undefined;
    this.#enter('ended');
  }

  #enter(phase: PodPhase): void {
    this.#phase = phase;
    this.#since = Date.now();
  }

  #advance(pod: Pod): void {
    if (isTerminating(pod)) {
      if (this.#phase !== 'draining' && this.#phase !== 'ended') this.#drain(pod);
    } else if (this.#phase === 'starting') {
      if (this.#age() >= startUpMs && !this.#fault().noImage) this.#start(pod);
    } else if (this.#phase === 'listening') this.#probe();
    else if (this.#phase === 'crashed') this.#recover(pod);
  }

  #fault(): ReturnType<FaultBook['of']> {
    return this.#options.faults.of(this.#identity);
  }

  #age(): number {
    return Date.now() - this.#since;
  }

  #start(pod: Pod): void {
    const { metricsUrl, metricsIntervalMs: intervalMs, faults } = this.#options;
    this.#enter('listening');
    this.#container = createContainer({
      address: loopbackOf(this.address),
      ports: portsOf(pod),
      pod: this.#identity,
      faults,
      telemetry: startTelemetry({
        metricsUrl,
        intervalMs,
        resource: resourceOf(pod, this.#identity, this.#options),
      }),
    });
    this.#container.listen().catch((error: unknown) => {
      console.error(`${this.#identity.cluster}/${this.#identity.name}: ${String(error)}`);
      this.#crash();
    });
  }

  #probe(): void {
    const fault = this.#fault();
    if (fault.gone) return this.#crash();
    if (fault.unready) this.#setReady(false);
    else if (this.#age() >= probeMs) this.#setReady(true);
    if (fault.crash && this.#ready && Date.now() - this.#readySince >= crashAfterReadyMs) this.#crash();
  }

  #setReady(value: boolean): void {
    if (this.#ready === value) return;
    this.#ready = value;
    this.#readySince = Date.now();
  }

  #crash(): void {
    this.#container?.crash();
    this.#container = undefined;
    this.#restarts++;
    this.#enter('crashed');
  }

  #recover(pod: Pod): void {
    if (this.#age() >= noticeMs) this.#setReady(false);
    if (this.#fault().gone) return;
    const backOff = Math.min(longestBackOffMs, firstBackOffMs * 2 ** (this.#restarts - 1));
    if (this.#age() >= backOff + startUpMs) this.#start(pod);
  }

  #drain(pod: Pod): void {
    this.#enter('draining');
    const running = this.#container;
    if (!running) return this.#end(pod);
    running.drain();
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000;
    setTimeout(() => void running.stop(lastRequestsMs).then(() => this.#end(pod)), Math.min(graceMs, preStopMs));
  }

  #end(pod: Pod): void {
    this.#container = undefined;
    this.#enter('ended');
    this.#remove(pod);
  }

  #remove(pod: Pod): void {
    const { uid } = pod.metadata;
    const options = { gracePeriodSeconds: 0, ...present({ uid }) };
    this.#call(() => this.#options.client.remove(podPath(pod), options), this.#options.onGone);
  }

  #writeStatus(pod: Pod): void {
    const status = statusOf(pod, {
      phase: this.#phase,
      ready: this.#ready,
      readySince: new Date(this.#readySince).toISOString(),
      restarts: this.#restarts,
      address: this.address,
      noImage: this.#fault().noImage && this.#phase === 'starting',
    });
    const text = JSON.stringify(status);
    if (text === this.#written) return;
    this.#call(
      () => this.#options.client.merge<Pod>(`${podPath(pod)}/status`, { status }),
      (answer) => {
        this.#written = text;
        this.#options.onStatus(answer);
      },
    );
  }

  /** What fails is tried again at the next tick. */
  #call<T>(work: () => Promise<T>, done: (answer: T) => void): void {
    if (this.#busy) return;
    this.#busy = true;
    void work()
      .then(done, () => undefined)
      .finally(() => (this.#busy = false));
  }
}
