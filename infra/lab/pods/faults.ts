/**
 * What is wrong with the pods: rules by service, version and cluster, added by `break` and cleared by `heal`.
 * Which requests fail follows a seeded stream per cluster, service and version: the same run twice fails alike.
 */
export interface PodFault {
  /** `*` matches every service, version or cluster. */
  readonly service: string;
  readonly version: string;
  readonly cluster: string;
  /** Share of requests answered 500, 0 to 1. */
  readonly errorRatio?: number;
  /** … of those that came past Envoy. Absent: as of all. */
  readonly pastErrorRatio?: number;
  /** Added to every answer, in ms. */
  readonly latencyMs?: number;
  /** The process ends soon after it got ready, again and again. */
  readonly crash?: boolean;
  /** The process ends at once, and nobody starts it again. */
  readonly gone?: boolean;
  /** Connections are accepted and never answered. */
  readonly hang?: boolean;
  /** The readiness probe never succeeds. */
  readonly unready?: boolean;
  /** The registry does not know the image. */
  readonly noImage?: boolean;
  /** No node takes the pod. */
  readonly noNode?: boolean;
}

export interface PodIdentity {
  readonly cluster: string;
  readonly service: string;
  readonly version: string;
}

interface EffectiveFault {
  readonly errorRatio: number;
  readonly pastErrorRatio: number | undefined;
  readonly latencyMs: number;
  readonly crash: boolean;
  readonly gone: boolean;
  readonly hang: boolean;
  readonly unready: boolean;
  readonly noImage: boolean;
  readonly noNode: boolean;
}

export interface FaultBook {
  add(fault: PodFault): void;
  clear(): void;
  list(): readonly PodFault[];
  of(pod: PodIdentity): EffectiveFault;
  /** Next number of the stream of this cluster, service and version, in [0, 1). */
  draw(pod: PodIdentity): number;
}

const healthy: EffectiveFault = {
  errorRatio: 0,
  pastErrorRatio: undefined,
  latencyMs: 0,
  crash: false,
  gone: false,
  hang: false,
  unready: false,
  noImage: false,
  noNode: false,
};

export function createFaultBook(seed: number): FaultBook {
  let faults: PodFault[] = [];
  const effective = new Map<string, EffectiveFault>();
  const streams = new Map<string, () => number>();
  const keyOf = (pod: PodIdentity): string => `${pod.cluster}/${pod.service}/${pod.version}`;

  return {
    add(fault) {
      faults = [...faults, fault];
      effective.clear();
    },
    clear() {
      faults = [];
      effective.clear();
    },
    list: () => faults,
    of(pod) {
      const key = keyOf(pod);
      const known = effective.get(key);
      if (known) return known;
      const fault = faults.filter((rule) => matches(rule, pod)).reduce(merge, healthy);
      effective.set(key, fault);
      return fault;
    },
    draw(pod) {
      const key = keyOf(pod);
      let stream = streams.get(key);
      if (!stream) streams.set(key, (stream = seededStream(seed, key)));
      return stream();
    },
  };
}

function matches(rule: PodFault, pod: PodIdentity): boolean {
  const fits = (pattern: string, value: string): boolean => pattern === '*' || pattern === value;
  return fits(rule.service, pod.service) && fits(rule.version, pod.version) && fits(rule.cluster, pod.cluster);
}

/** A later rule wins where it says something. */
function merge(fault: EffectiveFault, rule: PodFault): EffectiveFault {
  return {
    errorRatio: rule.errorRatio ?? fault.errorRatio,
    pastErrorRatio: rule.pastErrorRatio ?? fault.pastErrorRatio,
    latencyMs: rule.latencyMs ?? fault.latencyMs,
    crash: rule.crash ?? fault.crash,
    gone: rule.gone ?? fault.gone,
    hang: rule.hang ?? fault.hang,
    unready: rule.unready ?? fault.unready,
    noImage: rule.noImage ?? fault.noImage,
    noNode: rule.noNode ?? fault.noNode,
  };
}

/** mulberry32 over an FNV-1a hash of the key. */
function seededStream(seed: number, key: string): () => number {
  let state = 0x811c9dc5 ^ seed;
  for (let i = 0; i < key.length; i++) state = Math.imul(state ^ key.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
