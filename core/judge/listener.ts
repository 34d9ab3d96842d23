/**
 * Requests that Envoy answered itself, before any version saw them: upgrades, targets and lengths that it does not take
 * (docs/reference/listener.md), and what a Cilium L7 policy denies. No subset and no pod counts them.
 *
 *   a request …                 downstream_rq_total   rq_total (the router's)   no_route   downstream_rq_xx{4, 5}
 *   answered by a version                1                      1                  0               0 or 1
 *   refused before routing               1                      0                  0                  1
 *   refused by the router (CONNECT)      1                      1                  1                  1
 *   head still under way                 1                      0                  0                  0
 */
import { armOf, noArm, oldestNewest, sumCells, type Arm, type Total } from './arms/arms.ts';
import type { Counted } from './series/counters.ts';
import type { SloReading } from './slo-reading.ts';
import { binomialUpperTail } from './statistics/binomial.ts';
import { chance, ofTotal, percent } from './wording.ts';

/** What the Envoys of one client cluster count at the listener of a service. */
export interface ListenerTraffic {
  readonly client: string;
  readonly taken: Arm;
  readonly routed: Arm;
  readonly unroutable: Arm;
  /** Answers of 400 and more, whoever gave them. */
  readonly errors: Arm;
  readonly connections: Arm;
  /** Connections whose bytes were no HTTP. */
  readonly notHttp: Arm;
}

export const listenerTraffic = (counted: Counted, client: string): ListenerTraffic => {
  const arm = (name: string, classes?: readonly string[]): Arm => {
    const series = counted.series.filter(
      ({ labels }) =>
        labels['k8s_cluster_name'] === client &&
        labels['__name__'] === `envoy_http_${name}` &&
        (classes?.includes(labels['envoy_response_code_class'] ?? '') ?? true),
    );
    if (series.length === 0) return noArm;
    return armOf(counted, { series, newestMs: oldestNewest(series), weigh: () => ({ total: 1, bad: 0 }) });
  };
  return {
    client,
    taken: arm('downstream_rq_total'),
    routed: arm('rq_total'),
    unroutable: arm('no_route'),
    errors: arm('downstream_rq_xx', ['4', '5']),
    connections: arm('downstream_cx_total'),
    notHttp: arm('downstream_cx_protocol_error'),
  };
};

/** Requests in (afterMs, untilMs], and those of them that were refused; null: not known. */
export const refusedBetween = (
  { taken, routed, unroutable, errors }: ListenerTraffic,
  afterMs: number,
  untilMs?: number,
): Total | null => {
  if (taken.newestMs === null || routed.newestMs === null) return null;
  if ([taken, routed, unroutable, errors].some(({ problem }) => problem !== '')) return null;
  const count = ({ cells }: Arm): number => sumCells(cells, afterMs, untilMs).total;
  const refused = Math.min(count(taken) - count(routed) + count(unroutable), count(errors));
  return { total: count(taken), bad: Math.max(0, refused) };
};

/** What callers tried at a listener in some time. */
export interface Callers {
  readonly connections: number;
  readonly requests: number;
  /** Requests that went on to a version. */
  readonly reached: number;
  /** Connections whose bytes were no HTTP. */
  readonly notHttp: number;
}

/** In (afterMs, untilMs]; null: not known. */
export const callersOf = (traffic: ListenerTraffic, afterMs: number, untilMs?: number): Callers | null => {
  const { connections, taken, routed, unroutable, notHttp } = traffic;
  if ([connections, taken, routed].some(({ newestMs, problem }) => newestMs === null || problem !== '')) return null;
  const count = ({ cells }: Arm): number => sumCells(cells, afterMs, untilMs).total;
  return {
    connections: count(connections),
    requests: count(taken),
    reached: Math.max(0, count(routed) - count(unroutable)),
    notHttp: count(notHttp),
  };
};

/** The bytes tell what is wrong where most of the connections carry no HTTP; '' where they do. */
export const notHttpText = ({ connections, notHttp }: Callers): string =>
  notHttp === 0 || notHttp < connections / 2
    ? ''
    : `. ${notHttp} of ${connections} connections carry no HTTP (TLS, or another protocol), which the listener cannot route: let callers speak plain HTTP to this port, or leave the service out of Tidegate`;

export interface ListenerInput {
  /** Serving cluster of the share that is watched. */
  readonly serving: string;
  readonly service: string;
  readonly traffic: ListenerTraffic;
  /** When the share was written, ms on the source's clock. */
  readonly sinceMs: number;
  /**
   * What the listener did before; 'none': the service was not behind it (adoption), so nothing was refused. null: not
   * known, and then nothing is said.
   */
  readonly before: Total | 'none' | null;
}

/** Refusals below which nothing is a hard stop. */
const MIN_EVENTS = 10;
/** Share of refused requests that is let pass: broken clients and scanners, which an app would have refused as well. */
export const PASSING_SHARE = 0.01;
/** The share must have risen by that factor. */
const RISE = 2;
/** Refusals that the time before may have missed by chance: a short time before proves little. */
const UNSEEN_BEFORE = 3;
/** Largest chance of so many refusals at the share that is let pass, per look. */
const ALPHA = 1e-6;

/** A breach when the listener refuses more than it did; a report (a shadow) when it refuses any; undefined: neither. */
export const listenerReading = (input: ListenerInput): SloReading | undefined => {
  const { before, traffic, service, serving, sinceMs } = input;
  const now = refusedBetween(traffic, sinceMs);
  if (now === null || now.bad === 0) return undefined;
  const counts = `the listener of ${service} in ${traffic.client} refused ${ofTotal(now.bad, now.total)} requests before any version saw them`;
  const reading = {
    slo: 'listener',
    source: 'envoy',
    judge: 'refusals',
    cluster: serving,
    ...totalsOf(now, before),
  } as const;
  const passing = passingShare(before);
  const p = binomialUpperTail(now.bad, now.total, passing);
  if (now.bad < MIN_EVENTS || p > ALPHA) return { ...reading, verdict: 'healthy', reason: counts, shadow: true };
  const spoken = callersOf(traffic, sinceMs);
  const reason =
    `${counts}; up to ${percent(passing)} may be by ${before === 'none' ? 'broken clients' : 'what it refused before'} ` +
    `(chance ${chance(p)})${spoken === null ? '' : notHttpText(spoken)}. See docs/reference/listener.md`;
  return { ...reading, verdict: 'breach', reason };
};

/** 1 when nothing is known: then no number of refusals is too many. */
const passingShare = (before: ListenerInput['before']): number => {
  if (before === null) return 1;
  if (before === 'none') return PASSING_SHARE;
  const share = (before.bad + UNSEEN_BEFORE) / (before.total + UNSEEN_BEFORE);
  return Math.min(1, Math.max(PASSING_SHARE, RISE * share));
};

const totalsOf = (now: Total, before: ListenerInput['before']) => ({
  newTotal: now.total,
  newBad: now.bad,
  oldTotal: before === null || before === 'none' ? 0 : before.total,
  oldBad: before === null || before === 'none' ? 0 : before.bad,
});
