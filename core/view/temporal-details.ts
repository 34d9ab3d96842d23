/** Markdown for the Temporal UI. Kept under 4 kB: it travels in a URL. */
import type { SloReading } from '../judge/slo-reading.ts';
import type { RolloutState } from '../rollout/machine/state.ts';
import { longestDurationMs } from '../rollout/plan/exposure.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import { waveLabel } from '../rollout/plan/wave-title.ts';
import { durationText } from '../values/duration.ts';
import { formatShare, WHOLE } from '../values/share.ts';

const LIMIT = 4_000;

/** The Temporal UI draws tables without padding: no-break spaces keep the columns apart. */
const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => `${cell}\u00a0\u00a0\u00a0`).join(' | ')} |`;

export const planSummary = (plan: Plan): string =>
  `${plan.kind} ${plan.service.service} ${plan.version} · ${plan.waves.length} wave${plan.waves.length === 1 ? '' : 's'} · ${plan.service.mesh}`;

export function planDetails(plan: Plan): string {
  const rows = plan.waves.map((wave, index) =>
    row(
      waveLabel(wave, index),
      wave.serving.join(', '),
      wave.steps.map((step) => formatShare(step.share)).join(' → ') || '-',
    ),
  );
  return cut(
    [
      `**${planSummary(plan)}**, at most ${durationText(longestDurationMs(plan))} without a person.`,
      '',
      row('wave', 'serving clusters', 'shares'),
      '| --- | --- | --- |',
      ...rows,
      '',
      ...plan.notes.map((note) => `- ${note}`),
    ].join('\n'),
  );
}

export function rolloutDetails(
  plan: Plan,
  state: RolloutState,
  run: { namespace: string; startedAtMs: number },
): string {
  const after = durationText(Math.max(0, state.since - run.startedAtMs)) || '0s';
  const head = `**${state.outcome ?? state.phase}** ${bar(plan, state)} · ${state.reason}`;
  return cut(
    [
      head,
      '',
      row('wave', 'cluster', `share of ${plan.version}`, 'verdict'),
      '| --- | --- | --- | --- |',
      ...clusterRows(plan, state),
      '',
      nextAction(state),
      '',
      ...state.log
        .slice(-6)
        .map((line) => `- +${durationText(Math.max(0, line.atMs - run.startedAtMs)) || '0s'} ${line.text}`),
      '',
      `in this phase since +${after} · [all rollouts](/namespaces/{namespace}/workflows?query=WorkflowType%3D%22rollout%22)`,
    ].join('\n'),
  );
}

function bar(plan: Plan, state: RolloutState): string {
  const total = plan.waves.reduce((sum, wave) => sum + wave.steps.length, 0);
  if (total === 0) return '';
  const done = plan.waves.slice(0, state.wave).reduce((sum, wave) => sum + wave.steps.length, 0) + state.step + 1;
  const filled = Math.round((Math.min(done, total) / total) * 10);
  return `\`[${'#'.repeat(filled)}${'-'.repeat(10 - filled)}] step ${Math.min(done, total)}/${total}\``;
}

function clusterRows(plan: Plan, state: RolloutState): string[] {
  return plan.waves.flatMap((wave, index) =>
    wave.serving.map((serving) => {
      const share = state.shares[serving] ?? 0;
      const mark = state.takenBack.includes(serving) ? ' (taken back)' : share === WHOLE ? ' ✓' : '';
      return row(waveLabel(wave, index), serving, `${formatShare(share)}${mark}`, verdictOf(state.readings, serving));
    }),
  );
}

function verdictOf(readings: readonly SloReading[], serving: string): string {
  const own = readings.filter((reading) => reading.cluster === serving);
  if (own.length === 0) return '-';
  return own
    .map((reading) => `${reading.slo}: ${reading.verdict} (${reading.newBad}/${reading.newTotal})`)
    .join('; ')
    .replaceAll('|', '/');
}

function nextAction(state: RolloutState): string {
  switch (state.phase) {
    case 'gated':
      return '**Next:** send the update `approve` (or `abort`) with `{"reason": "…"}`.';
    case 'paused':
      return '**Next:** send the update `resume` (or `abort`).';
    case 'needs-person':
      return '**Next:** a person decides: `promote`, `resume` (bakes again) or `abort`.';
    case 'restoring':
      return state.outstanding.length === 0
        ? 'Everything goes back.'
        : `**Still to restore:** ${state.outstanding.join(', ')}. One that will not answer: the update \`giveUp\` with \`{"cluster": "…", "reason": "…"}\`.`;
    case 'ended':
      return `**Ended:** ${state.outcome ?? ''}.`;
    default:
      return 'Stop it at any time with the update `abort`.';
  }
}

const cut = (text: string): string => (text.length <= LIMIT ? text : `${text.slice(0, LIMIT - 2)} …`);
