/** How a recording waits: dozens of scenarios share one server, and their questions must not be most of its work. */
import { assertEventually } from '../../support/eventually.ts';
import { limits } from '../../support/limits.ts';

const LOOK_EVERY_MS = 1_000;

export const waitUntil = (check: () => Promise<void> | void, withinMs: number = limits.recording): Promise<void> =>
  assertEventually(check, withinMs, LOOK_EVERY_MS);
