/** Markdown of a settler for the Temporal UI: exactly what is where, and what a person can do; under 4 kB. */
import type { LogEntry } from '../rollout/machine/state.ts';
import type { Need } from '../rollout/settled.ts';
import { partFlag, partOf } from '../routing/part.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import { instantText } from '../values/instant.ts';
import { fittingLines } from './temporal-limits.ts';
import { shortened } from '../values/shortened.ts';

/** Characters of a reason, a need or a line of the log. */
const TEXT = 240;
/** Needs that are listed; the rest is counted. */
const NEEDS = 12;

export interface SettlerView {
  readonly phase: string;
  readonly reason: string;
  readonly needs: readonly Need[];
  readonly log: readonly LogEntry[];
  readonly looks: number;
}

export function settleDetails({ service }: ServiceRef, { phase, reason, needs, log, looks }: SettlerView): string {
  const rest = needs.length - NEEDS;
  return fittingLines([
    `**${phase}** · ${shortened(reason, TEXT)}`,
    '',
    ...needs.slice(0, NEEDS).map((need) => `- ${shortened(needText(need), TEXT)}`),
    ...(rest > 0 ? [`- and ${String(rest)} more`] : []),
    '',
    nextAction(service, { phase, needs }),
    '',
    ...log.slice(-8).map(({ atMs, text }) => `- ${instantText(atMs)} ${shortened(text, TEXT)}`),
    '',
    `${String(looks)} ${looks === 1 ? 'look' : 'looks'}`,
  ]);
}

/** One need in words: `retire: nothing serves v1 (aws: Deployment/checkout-v1), 2026-11-27T12:00:00Z`. */
export function needText(need: Need): string {
  switch (need.kind) {
    case 'reach':
      return `${need.cluster} cannot be read: ${need.reason}`;
    case 'retire': {
      const when = need.dueMs === 0 ? '' : ` at ${instantText(need.dueMs)}`;
      const what = need.objects.length === 0 ? '' : ` (${need.objects.join(', ')})`;
      return `retire ${need.version}${when}: ${need.reason}${what}`;
    }
    default:
      return `${need.kind}: ${need.reason}`;
  }
}

function nextAction(service: string, { phase, needs }: Pick<SettlerView, 'phase' | 'needs'>): string {
  if (phase === 'paused') return 'Nothing is done until the pause ends: that starts it again.';
  if (phase !== 'needs-person')
    return 'It goes on by itself; a rollout of the service stops it first, and it comes again.';
  const flag = partFlag(partOf(needs.find((need) => need.kind === 'restore') ?? {}));
  return [
    `**Next:** a person looks: \`tidegate doctor ${service}\`, \`tidegate rollout status ${service}${flag}\`.`,
    `Mend the cause, then \`tidegate restore ${service}${flag}\`; or send the signal \`wake\`. It looks every half hour meanwhile.`,
  ].join(' ');
}
