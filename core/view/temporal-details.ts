/**
 * Markdown of a plan and of a rollout for the Temporal UI. It stays readable, and under 4 kB, however many clusters there
 * are: up to a dozen have a row each; of more, each wave has one, and a row of their own have those that a person must see.
 */
import type { RolloutState } from '../rollout/machine/state.ts';
import { longestDurationMs } from '../rollout/plan/exposure.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import { waveLabel } from '../rollout/plan/wave-title.ts';
import { durationText } from '../values/duration.ts';
import { formatShare } from '../values/share.ts';
import { clusterRows, row } from './cluster-rows.ts';
import { fittingLines, listed, summaryText } from './temporal-limits.ts';
import { shortened } from '../values/shortened.ts';

/** Characters of a reason or of a line of the log. */
const TEXT = 160;
/** Waves of a plan that are listed, and notes; the rest is counted. */
const LISTED = 12;
const NOTES = 8;
/** Lines of the log that are shown, the newest last. */
const LOG_LINES = 6;

export const planSummary = (plan: Plan): string =>
  summaryText(
    `${plan.kind} ${plan.service.service} ${plan.version} · ${plan.waves.length} wave${plan.waves.length === 1 ? '' : 's'} · ${plan.service.mesh}`,
  );

export function planDetails(plan: Plan): string {
  const rows = plan.waves.map((wave, index) =>
    row(
      waveLabel(wave, index),
      wave.serving.length > LISTED ? `${wave.serving.length}: ${listed(wave.serving)}` : wave.serving.join(', '),
      shortened(wave.steps.map((step) => formatShare(step.share)).join(' → ') || '-', TEXT),
    ),
  );
  return fittingLines([
    `**${planSummary(plan)}**, at most ${durationText(longestDurationMs(plan))} without a person.`,
    '',
    row('wave', 'serving clusters', 'shares'),
    '| --- | --- | --- |',
    ...rows.slice(0, LISTED),
    ...(rows.length > LISTED ? [row(`${rows.length - LISTED} more`, '', '')] : []),
    '',
    ...plan.notes.slice(0, NOTES).map((note) => `- ${shortened(note, TEXT)}`),
    ...(plan.notes.length > NOTES ? [`- and ${plan.notes.length - NOTES} more`] : []),
  ]);
}

export function rolloutDetails(
  plan: Plan,
  state: RolloutState,
  run: { namespace: string; startedAtMs: number },
): string {
  const after = (atMs: number): string => durationText(Math.max(0, atMs - run.startedAtMs)) || '0s';
  return fittingLines([
    `**${state.outcome ?? state.phase}** ${bar(plan, state)} · ${shortened(state.reason, TEXT)}`,
    '',
    row('wave', 'cluster', `share of ${shortened(plan.version, 40)}`, 'verdict'),
    '| --- | --- | --- | --- |',
    ...clusterRows(plan, state),
    '',
    nextAction(state),
    '',
    ...state.log.slice(-LOG_LINES).map((line) => `- +${after(line.atMs)} ${shortened(line.text, TEXT)}`),
    '',
    `in this phase since +${after(state.since)} · [all rollouts](/namespaces/{namespace}/workflows?query=WorkflowType%3D%22rollout%22)`,
  ]);
}

function bar(plan: Plan, state: RolloutState): string {
  const total = plan.waves.reduce((sum, wave) => sum + wave.steps.length, 0);
  if (total === 0) return '';
  const done = plan.waves.slice(0, state.wave).reduce((sum, wave) => sum + wave.steps.length, 0) + state.step + 1;
  const filled = Math.round((Math.min(done, total) / total) * 10);
  return `\`[${'#'.repeat(filled)}${'-'.repeat(10 - filled)}] step ${Math.min(done, total)}/${total}\``;
}

function nextAction(state: RolloutState): string {
  switch (state.phase) {
    case 'gated':
      return '**Next:** send the update `approve` (or `abort`) with `{"reason": "…"}`.';
    case 'paused':
      return '**Next:** send the update `resume` (or `abort`).';
    case 'testing':
      return 'Jobs run before the first share; their heartbeats say how far they are (Pending Activities). Stop them with the update `abort`.';
    case 'frozen':
      return 'A freeze window is closed; it goes on by itself. In an emergency: the update `promote` with `{"reason": "…", "full": false, "breakGlass": true}`. A way back is never held.';
    case 'needs-person':
      return '**Next:** a person decides: `promote`, `resume` (bakes again) or `abort`.';
    case 'restoring':
      return state.outstanding.length === 0
        ? 'Everything goes back.'
        : `**Still to restore:** ${listed(state.outstanding, 8)}. One that will not answer: the update \`giveUp\` with \`{"cluster": "…", "reason": "…"}\`.`;
    case 'ended':
      return `**Ended:** ${state.outcome ?? ''}.`;
    default:
      return 'Stop it at any time with the update `abort`.';
  }
}
