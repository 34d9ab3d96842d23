/** What a look reads of the listener in each client cluster: requests that Envoy answered before any version saw them. */
import { listenerStatName } from '../../routing/names.ts';
import type { Total } from '../arms/arms.ts';
import {
  listenerReading,
  listenerTraffic,
  refusedBetween,
  type ListenerInput,
  type ListenerTraffic,
} from '../listener.ts';
import { countIncrements } from '../series/counters.ts';
import { envoyListener } from '../series/selectors.ts';
import { LONGEST_RANGE_MS, type SeriesQuery } from '../series/source.ts';
import type { SloReading } from '../slo-reading.ts';
import type { ReadPorts } from './sources.ts';
import type { WatchSloInput } from './watch.ts';

/** Time before the share was written that says what the listener refused before, ms. */
const BEFORE_MS = 150_000;

type Read = Pick<WatchSloInput, 'service' | 'strata'>;

export const listenerQuery = ({ service, strata }: Read): SeriesQuery =>
  envoyListener({ prefix: listenerStatName(service), clusters: clientsOf(strata) });

export interface ListenerPorts extends Pick<ReadPorts, 'metrics' | 'signal' | 'nowMs'> {
  readonly offsetMs: number;
}

/** Per client cluster. One query, also of the time before the oldest share was written, as far as a range goes. */
export const readListener = async (
  input: Read,
  { metrics, signal, nowMs, offsetMs }: ListenerPorts,
): Promise<readonly ListenerTraffic[]> => {
  const firstMs = Math.min(...input.strata.map(({ sinceMs }) => sinceMs)) + offsetMs;
  const rangeMs = Math.min(nowMs - firstMs + BEFORE_MS, LONGEST_RANGE_MS);
  const raw = await metrics.range({ series: listenerQuery(input), toMs: nowMs, rangeMs }, signal);
  const counted = countIncrements(raw, nowMs - rangeMs);
  return clientsOf(input.strata).map((client) => listenerTraffic(counted, client));
};

/** By client cluster, what the listener did before the share was written. In the watch's state, since ranges move on. */
export type ListenerBefore = Readonly<Record<string, Total>>;

export interface ListenerLook {
  readonly traffic: readonly ListenerTraffic[];
  /** Of an earlier look. */
  readonly before: ListenerBefore | undefined;
  readonly offsetMs: number;
}

/** A first look that finds nothing leaves it unknown: later ones see the time after the write only. */
export const listenerBefore = ({ strata }: Read, { traffic, before, offsetMs }: ListenerLook): ListenerBefore =>
  before ??
  Object.fromEntries(
    traffic.flatMap((one) => {
      const ofClient = strata.filter(({ clients }) => clients.includes(one.client));
      const untilMs = Math.min(...ofClient.map(({ sinceMs }) => sinceMs)) + offsetMs;
      const total = refusedBetween(one, Number.NEGATIVE_INFINITY, untilMs);
      return total === null ? [] : [[one.client, total] as const];
    }),
  );

export const listenerReadings = ({ service, strata }: Read, look: ListenerLook): readonly SloReading[] =>
  strata.flatMap(({ serving, clients, oldVersion, sinceMs }) =>
    look.traffic
      .filter(({ client }) => clients.includes(client))
      .flatMap((traffic) => {
        const before = beforeOf(look.before?.[traffic.client], oldVersion);
        const given = { serving, service: service.service, traffic, sinceMs: sinceMs + look.offsetMs, before };
        return listenerReading(given) ?? [];
      }),
  );

/** At adoption there is no version before, and calls did not go through Envoy. */
const beforeOf = (before: Total | undefined, oldVersion: string): ListenerInput['before'] =>
  oldVersion === '' && (before?.total ?? 0) === 0 ? 'none' : (before ?? null);

const clientsOf = (strata: Read['strata']): readonly string[] => [...new Set(strata.flatMap(({ clients }) => clients))];
