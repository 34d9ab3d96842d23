/** Signed times: what is older may have been overheard and sent again. */
import { unauthenticated } from './refusals.ts';

/** Both ways, since clocks differ; as Standard Webhooks and Slack want it. */
const WINDOW_MS = 5 * 60_000;

/** @param seconds of Unix time, as digits */
export function assertRecent(seconds: string, { header, nowMs }: { header: string; nowMs: number }): void {
  if (!/^\d{1,12}$/.test(seconds)) unauthenticated(`${header} is no Unix time in seconds`);
  if (Math.abs(nowMs - Number(seconds) * 1_000) > WINDOW_MS)
    unauthenticated(`${header} is more than 5 minutes away from now: look at the clocks, and do not send again`);
}
