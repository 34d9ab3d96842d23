/** Freeze windows of the histories. */
import type { WindowsRead } from '../../../../core/rollout/windows.ts';

/** A short window in the middle of most histories. */
export const windows: WindowsRead = {
  closed: [{ fromMs: 60, untilMs: 130, why: 'deny window of the test' }],
  untilMs: 1_000_000,
};

/** Nothing goes forward, ever. */
export const alwaysClosed: WindowsRead = {
  closed: [{ fromMs: 0, untilMs: 1_000_000_000, why: 'deny window of the test' }],
  untilMs: 1_000_000_000,
};
