/**
 * A mesh, request by request: discrete events, with no formula of the planner's. Clients come as a Poisson process; a call
 * travels half the round-trip time, waits for a free server of its site, holds it for a time of its own (lognormal, with a
 * coefficient of variation of 1), makes its calls one after the other, and travels back.
 */
import { sum, WHOLE } from '../../../core/values/share.ts';
import type { Demand } from '../../../core/topology/admit.ts';
import { SECONDS_PER_MONTH } from '../../../core/topology/evaluate.ts';
import type { TopologyModel } from '../../../core/topology/model.ts';
import type { TopologyShares } from '../../../core/topology/shares.ts';
import { randomFrom } from '../../support/simulated-bakes.ts';
import { EventQueue } from './event-queue.ts';

export interface Simulated {
  /** Of the requests that came in after the warm-up, ms. */
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly meanMsByClient: Readonly<Record<string, number>>;
  readonly egressDollarsPerMonth: number;
  /** Seconds, summed over all sites, in which more work came in than a site can do, per minute. */
  readonly overloadSeconds: number;
  readonly requests: number;
  /** What a request took at a site without the calls that it made, by service * clusters + cluster, ms; NaN: none came. */
  readonly siteMs: Float64Array;
}

export interface SimulationInput {
  readonly demand: Demand;
  readonly shares: TopologyShares;
  readonly seed: number;
  /** Seconds that are measured; half as much before them is not. */
  readonly seconds: number;
}

interface Call {
  readonly edge: number;
  readonly from: number;
  readonly to: number;
  readonly parent: Call | null;
  readonly startedMs: number;
  /** When it came to its site, and how long it keeps a server. */
  cameMs: number;
  holdsMs: number;
  /** Which of the edge's children is next, and how often it is still to be called. */
  child: number;
  left: number;
}

interface Site {
  readonly servers: number;
  readonly meanHoldMs: number;
  readonly waiting: Call[];
  next: number;
  busy: number;
  /** Work that came in within the current second, ms. */
  workMs: number;
}

export function simulate(model: TopologyModel, input: SimulationInput): Simulated {
  return new Simulation(model, input).run();
}

class Simulation {
  readonly #model: TopologyModel;
  readonly #input: SimulationInput;
  readonly #n: number;
  readonly #queue = new EventQueue<() => void>();
  readonly #sites: readonly Site[];
  /** Running totals of the shares, for a draw: by service * clusters + client. */
  readonly #split: readonly (readonly (readonly [to: number, upTo: number])[])[];
  /** Of its own for what every policy gets alike (who comes, and when), so that policies are compared on the same day. */
  readonly #arrivals: () => number;
  readonly #random: () => number;
  readonly #warmMs: number;
  readonly #endMs: number;
  readonly #took: { client: number; ms: number }[] = [];
  readonly #atSites: { total: Float64Array; count: Float64Array };
  #egress = 0;
  #overload = 0;
  #nowMs = 0;

  constructor(model: TopologyModel, input: SimulationInput) {
    this.#model = model;
    this.#input = input;
    this.#n = model.clusters.length;
    this.#arrivals = randomFrom(input.seed);
    this.#random = randomFrom(input.seed + 7_919);
    this.#warmMs = input.seconds * 500;
    this.#endMs = this.#warmMs + input.seconds * 1_000;
    this.#sites = model.sites.flat().map(({ capacity, servers }) => {
      const whole = Math.max(1, Math.round(servers));
      return { servers: whole, meanHoldMs: (whole * 1_000) / capacity, waiting: [], next: 0, busy: 0, workMs: 0 };
    });
    this.#split = model.services.flatMap((service) =>
      model.clusters.map((client) => {
        let upTo = 0;
        return Object.entries(input.shares[service]?.[client] ?? {}).map(
          ([to, share]) => [model.clusters.indexOf(to), (upTo += share / WHOLE)] as const,
        );
      }),
    );
    const all = model.sites.flat().length;
    this.#atSites = { total: new Float64Array(all), count: new Float64Array(all) };
  }

  run(): Simulated {
    this.#input.demand.forEach((row, className) =>
      row.forEach((rate, client) => rate > 0 && this.#comesNext(className, client, rate)),
    );
    this.#queue.add(1_000, () => this.#endSecond());
    for (let event = this.#queue.take(); event !== null; event = this.#queue.take()) {
      this.#nowMs = event.atMs;
      event.what();
    }
    return this.#result();
  }

  #comesNext(className: number, client: number, rate: number): void {
    const atMs = this.#nowMs - (Math.log(1 - this.#arrivals()) * 1_000) / rate;
    // Nobody comes in after the end; who came before it is answered.
    if (atMs >= this.#endMs) return;
    this.#queue.add(atMs, () => {
      this.#start(this.#model.roots[className] ?? 0, client, null);
      this.#comesNext(className, client, rate);
    });
  }

  #start(edge: number, from: number, parent: Call | null): void {
    const to = this.#drawn(edge, from);
    const [startedMs, half] = [this.#nowMs, (this.#model.roundTripMs[from * this.#n + to] ?? 0) / 2];
    const call: Call = { edge, from, to, parent, startedMs, cameMs: startedMs + half, holdsMs: 0, child: -1, left: 0 };
    if (startedMs >= this.#warmMs && startedMs < this.#endMs)
      this.#egress += this.#model.edges[edge]?.egress[from * this.#n + to] ?? 0;
    this.#queue.add(call.cameMs, () => this.#come(call));
  }

  #drawn(edge: number, from: number): number {
    const service = this.#model.edges[edge]?.to ?? -1;
    const row = this.#split[service * this.#n + from] ?? [];
    const drawn = this.#random();
    const [to] = row.find(([, upTo]) => drawn < upTo) ?? row.at(-1) ?? [-1];
    if (to < 0) throw new RangeError(`${this.#model.services[service] ?? ''} is called from a cluster without shares`);
    return to;
  }

  #siteOf = ({ edge, to }: Call): number => (this.#model.edges[edge]?.to ?? 0) * this.#n + to;

  #come(call: Call): void {
    const site = this.#sites[this.#siteOf(call)];
    if (site === undefined) return;
    call.holdsMs = site.meanHoldMs * this.#lognormal();
    site.workMs += call.holdsMs;
    if (site.busy < site.servers) this.#serve(site, call);
    else site.waiting.push(call);
  }

  #serve(site: Site, call: Call): void {
    site.busy += 1;
    this.#queue.add(this.#nowMs + call.holdsMs, () => {
      site.busy -= 1;
      const next = site.waiting[site.next];
      if (next !== undefined) {
        site.next += 1;
        // What has been served is let go of from time to time.
        if (site.next > 4_096) site.waiting.splice(0, site.next);
        if (site.next > 4_096) site.next = 0;
        this.#serve(site, next);
      }
      const at = this.#siteOf(call);
      this.#atSites.total[at] = (this.#atSites.total[at] ?? 0) + this.#nowMs - call.cameMs;
      this.#atSites.count[at] = (this.#atSites.count[at] ?? 0) + 1;
      this.#goOn(call);
    });
  }

  /** The next of its calls, or the answer. */
  #goOn(call: Call): void {
    const children = this.#model.edges[call.edge]?.children ?? [];
    while (call.left === 0 && call.child < children.length) {
      call.child += 1;
      const times = this.#model.edges[children[call.child] ?? -1]?.times ?? 0;
      call.left = Math.floor(times) + (this.#random() < times % 1 ? 1 : 0);
    }
    const child = children[call.child];
    if (child !== undefined) {
      call.left -= 1;
      this.#start(child, call.to, call);
      return;
    }
    const half = (this.#model.roundTripMs[call.from * this.#n + call.to] ?? 0) / 2;
    this.#queue.add(this.#nowMs + half, () => this.#answered(call));
  }

  #answered({ parent, from, startedMs }: Call): void {
    if (parent !== null) this.#goOn(parent);
    else if (startedMs >= this.#warmMs) this.#took.push({ client: from, ms: this.#nowMs - startedMs });
  }

  #endSecond(): void {
    for (const site of this.#sites) {
      if (this.#nowMs > this.#warmMs && site.workMs > site.servers * 1_000) this.#overload += 1;
      site.workMs = 0;
    }
    if (this.#nowMs < this.#endMs) this.#queue.add(this.#nowMs + 1_000, () => this.#endSecond());
  }

  /** Mean 1, coefficient of variation 1 (Box-Muller). */
  #lognormal(): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    return Math.exp(Math.sqrt(Math.LN2) * normal - Math.LN2 / 2);
  }

  #result(): Simulated {
    const sorted = Float64Array.from(this.#took, ({ ms }) => ms).sort();
    const mean = (values: readonly number[]): number => sum(values) / values.length;
    const { total, count } = this.#atSites;
    return {
      meanMs: mean([...sorted]),
      p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? NaN,
      meanMsByClient: Object.fromEntries(
        this.#model.clusters.flatMap((name, at) => {
          const own = this.#took.filter(({ client }) => client === at).map(({ ms }) => ms);
          return own.length > 0 ? [[name, mean(own)] as const] : [];
        }),
      ),
      egressDollarsPerMonth: (this.#egress / this.#input.seconds / 1e6) * SECONDS_PER_MONTH,
      overloadSeconds: (this.#overload * 60) / this.#input.seconds,
      requests: sorted.length,
      siteMs: total.map((ms, at) => ms / (count[at] ?? 0)),
    };
  }
}
