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
import { lookForCollapse } from './collapse.ts';
import type { Read, ReadPorts } from './sources.ts';
import type { WatchState } from './state.ts';
import type { WatchSloInput } from './watch.ts';

/** Time before the share was written that says what the listener refused before, ms. */
const BEFORE_MS = 150_000;

type Where = Pick<WatchSloInput, 'service' | 'strata'>;

export const listenerQuery = ({ service, strata }: Where): SeriesQuery =>
  envoyListener({ prefix: listenerStatName(service), clusters: clientsOf(strata) });

type Before = WatchState['listenerBefore'];

export interface ListenerPorts extends Pick<ReadPorts, 'metrics' | 'signal' | 'nowMs'> {
  readonly offsetMs: number;
  /** Of an earlier look: ranges move on, and the time before the write leaves them. */
  readonly before: Before;
}

export interface ListenerLook {
  readonly readings: readonly SloReading[];
  readonly before: NonNullable<Before>;
}

export const lookAtListener = async (input: Read, ports: ListenerPorts): Promise<ListenerLook> => {
  const { traffic, intervalMs } = await readListener(input, ports);
  const before = ports.before ?? whatWasBefore(input, traffic, ports.offsetMs);
  const refused = readingsOf(input, { traffic, before, offsetMs: ports.offsetMs });
  const collapsed = await lookForCollapse(input, { ...ports, traffic, intervalMs, beforeMs: BEFORE_MS });
  return { before, readings: [...refused, ...collapsed] };
};

/** Per client cluster. One query, also of the time before the oldest share was written, as far as a range goes. */
const readListener = async (
  input: Where,
  { metrics, signal, nowMs, offsetMs }: ListenerPorts,
): Promise<{ readonly traffic: readonly ListenerTraffic[]; readonly intervalMs: number }> => {
  const firstMs = Math.min(...input.strata.map(({ sinceMs }) => sinceMs)) + offsetMs;
  const rangeMs = Math.min(nowMs - firstMs + BEFORE_MS, LONGEST_RANGE_MS);
  const raw = await metrics.range({ series: listenerQuery(input), toMs: nowMs, rangeMs }, signal);
  const counted = countIncrements(raw, nowMs - rangeMs);
  const traffic = clientsOf(input.strata).map((client) => listenerTraffic(counted, client));
  return { traffic, intervalMs: counted.intervalMs };
};

/** A first look that finds nothing leaves it unknown: later ones see the time after the write only. */
const whatWasBefore = (
  { strata }: Where,
  traffic: readonly ListenerTraffic[],
  offsetMs: number,
): ListenerLook['before'] =>
  Object.fromEntries(
    traffic.flatMap((one) => {
      const ofClient = strata.filter(({ clients }) => clients.includes(one.client));
      const untilMs = Math.min(...ofClient.map(({ sinceMs }) => sinceMs)) + offsetMs;
      const total = refusedBetween(one, Number.NEGATIVE_INFINITY, untilMs);
      return total === null ? [] : [[one.client, total] as const];
    }),
  );

interface Seen extends Pick<ListenerLook, 'before'> {
  readonly traffic: readonly ListenerTraffic[];
  readonly offsetMs: number;
}

const readingsOf = ({ service, strata }: Where, { traffic, before, offsetMs }: Seen): readonly SloReading[] =>
  strata.flatMap(({ serving, clients, oldVersion, sinceMs }) =>
    traffic
      .filter(({ client }) => clients.includes(client))
      .flatMap((one) => {
        const earlier = beforeOf(before[one.client], oldVersion);
        const given = { serving, service: service.service, traffic: one, sinceMs: sinceMs + offsetMs, before: earlier };
        return listenerReading(given) ?? [];
      }),
  );

/** At adoption there is no version before, and calls did not go through Envoy. */
const beforeOf = (before: Total | undefined, oldVersion: string): ListenerInput['before'] =>
  oldVersion === '' && (before?.total ?? 0) === 0 ? 'none' : (before ?? null);

const clientsOf = (strata: Where['strata']): readonly string[] => [
  ...new Set(strata.flatMap(({ clients }) => clients)),
];
