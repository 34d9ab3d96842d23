/** Windows and gates as they were checked → as they are used. Times in ms. */
import type { GateConfig, WindowConfig } from '../types.ts';
import type { WrittenService } from '../service-schema.ts';
import type { WrittenWindow } from './window-schema.ts';

export const windowsIn = (
  written: readonly WrittenWindow[] | undefined,
): { readonly windows?: readonly WindowConfig[] } =>
  written === undefined || written.length === 0 ? {} : { windows: written.map(windowConfig) };

/** Checked: it has all of the one way, and none of the other. */
const windowConfig = ({
  name,
  kind,
  cron,
  duration = 0,
  timeZone = '',
  from = '',
  to = '',
}: WrittenWindow): WindowConfig =>
  cron === undefined
    ? { name, kind, fromMs: Date.parse(from), toMs: Date.parse(to) }
    : { name, kind, cron, durationMs: duration, timeZone };

/** Each address once: two steps that ask the same one sign as the first of them says. */
export function gatesIn(waves: WrittenService['spec']['rollout']['waves']): { readonly gates?: readonly GateConfig[] } {
  const all = (waves ?? []).flatMap(({ steps }) => steps.flatMap(({ gate }) => gate ?? []));
  const first = all.filter(({ url }, index) => all.findIndex((other) => other.url === url) === index);
  return first.length === 0
    ? {}
    : { gates: first.map(({ url, secrets, timeout }) => ({ url, secrets, timeoutMs: timeout })) };
}
