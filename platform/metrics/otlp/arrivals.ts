/**
 * Reports that came so lately that another part of them may be under way: collectors and SDKs may split what they send.
 * Errors without the requests that they are a part of would look like a breach, so both are shown together.
 */
export interface Arrival {
  /** On our clock, ms. */
  readonly receivedAtMs: number;
  /** Oldest sample that it brought, on the sender's clock, ms. */
  readonly fromMs: number;
}

/** Parts follow each other within milliseconds; a look that is later by this loses nothing, ms. */
const SETTLE_MS = 250;

export const addArrival = (arrivals: Arrival[], arrival: Arrival): void => {
  while (arrivals[0] !== undefined && isSettled(arrivals[0], arrival.receivedAtMs)) arrivals.shift();
  arrivals.push(arrival);
};

/** Samples of the process from here on are not shown yet, ms. */
export const unsettledFromMs = (arrivals: readonly Arrival[], nowMs: number): number =>
  arrivals
    .filter((arrival) => !isSettled(arrival, nowMs))
    .reduce((fromMs, arrival) => Math.min(fromMs, arrival.fromMs), Number.POSITIVE_INFINITY);

const isSettled = ({ receivedAtMs }: Arrival, nowMs: number): boolean => nowMs - receivedAtMs >= SETTLE_MS;
