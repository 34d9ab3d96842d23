/** What waits for its turn, in words: for the Temporal UI (Markdown under 4 kB), status, lists and who follows it. */
import { partFlag } from '../routing/part.ts';
import { changeText, type EndedWaiting, type WaitingChange, type WaitingStatus } from '../rollout/waiting.ts';
import { instantText } from '../values/instant.ts';

const LIMIT = 4_000;

/** `deploy of v3, asked for by ann, waits since 2026-11-27T12:00:00Z: behind deploy of v2, baking …`. */
export const waitingText = (
  { change, by, sinceMs, supersedes }: WaitingChange,
  { reason, behind }: Pick<WaitingStatus, 'reason' | 'behind'>,
): string => {
  const note = behind === null || behind.note === '' ? '' : `; ${behind.note}`;
  return `${changeText(change)}${supersedes ? ' (supersedes)' : ''}, asked for by ${by}, waits since ${instantText(sinceMs)}: ${reason}${note}`;
};

const words = {
  started: 'has started',
  refused: 'was refused at its turn',
  superseded: 'does not run',
  dropped: 'does not run',
} as const;

/** `deploy of v3 does not run: superseded by deploy of v4 (ann)`. */
export const endedText = ({ change, end, text }: EndedWaiting): string =>
  `${changeText(change)} ${words[end]}: ${text}`;

/** Under the status of a rollout. */
export function waitingLines(status: WaitingStatus | null): string[] {
  const one = status?.waits ?? status?.turn ?? null;
  return status === null || one === null ? [] : [`  waits: ${waitingText(one, status)}`];
}

export function waitingDetails(service: string, status: WaitingStatus): string {
  const { waits, turn, ended, part, reason } = status;
  const now = waits ?? turn;
  const head =
    now === null
      ? `**nothing waits** · ${reason}`
      : `**${turn === null ? 'waiting' : 'starting'}** · ${waitingText(now, status)}`;
  const next = `**Next:** it starts by itself. To drop it: the update \`drop\`, or \`tidegate rollout drop ${service}${partFlag(part)}\`.`;
  const text = [
    ...[head, '', ...(waits === null ? [] : [next, ''])],
    ...ended.slice(-8).map((one) => `- ${instantText(one.atMs)} ${endedText(one)}`),
  ].join('\n');
  return text.length <= LIMIT ? text : `${text.slice(0, LIMIT - 2)} …`;
}
