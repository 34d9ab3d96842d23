/** The rows of a rollout's table in the Temporal UI: each cluster while they are few, else each wave and who stands out. */
import type { SloReading } from '../judge/slo-reading.ts';
import type { RolloutState } from '../rollout/machine/state.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import { waveLabel } from '../rollout/plan/wave-title.ts';
import { formatShare, WHOLE } from '../values/share.ts';
import { shortened } from '../values/shortened.ts';

/** Clusters that have a row each, when there are no more. */
const FEW = 12;
/** Waves that have a row, when there are more clusters: those around the present one. */
const WAVES = 6;
/** Clusters that have a row beside those of the waves. */
const STANDING_OUT = 6;
/** Characters of a name, and of what is told of it. */
const NAME = 40;
const TOLD = 80;

/** The Temporal UI draws tables without padding: no-break spaces keep the columns apart. */
export const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => `${cell.replaceAll('|', '/')}\u00a0\u00a0\u00a0`).join(' | ')} |`;

interface Place {
  readonly wave: string;
  readonly index: number;
  readonly cluster: string;
}

export function clusterRows(plan: Plan, state: RolloutState): string[] {
  const places = plan.waves.flatMap((wave, index) =>
    wave.serving.map((cluster): Place => ({ wave: waveLabel(wave, index), index, cluster })),
  );
  if (places.length <= FEW) return places.map((place) => clusterRow(place, state));
  const outstanding = places.filter(({ cluster }) => standsOut(state, cluster));
  const rest = outstanding.length - STANDING_OUT;
  return [
    ...waveRows(plan, state),
    ...outstanding.slice(0, STANDING_OUT).map((place) => clusterRow(place, state)),
    ...(rest > 0 ? [row('', `${rest} more to look at`, '', '')] : []),
  ];
}

function clusterRow({ wave, cluster }: Place, state: RolloutState): string {
  const share = state.shares[cluster] ?? 0;
  const back = state.back[cluster]?.state;
  const mark = state.takenBack.includes(cluster) ? ' (taken back)' : share === WHOLE ? ' ✓' : '';
  return row(
    shortened(wave, NAME),
    shortened(cluster, NAME),
    `${formatShare(share)}${mark}`,
    back ?? verdictsOf(state.readings, cluster),
  );
}

/** What a person must see: it breaches, goes back alone, failed on its way back, or is away. */
function standsOut({ readings, takenBack, back, absent }: RolloutState, cluster: string): boolean {
  const bad = readings.some((one) => one.cluster === cluster && one.verdict === 'breach' && one.shadow !== true);
  const way = back[cluster]?.state;
  return (
    bad ||
    takenBack.includes(cluster) ||
    absent[cluster] !== undefined ||
    way === 'failed' ||
    way === 'contradicted' ||
    way === 'absent'
  );
}

function waveRows(plan: Plan, state: RolloutState): string[] {
  const from = Math.max(0, Math.min(state.wave - WAVES / 2, plan.waves.length - WAVES));
  const shown = plan.waves.slice(from, from + WAVES).map((wave, i) => waveRow(plan, state, from + i));
  const counted = (waves: readonly Plan['waves'][number][], where: string): string[] =>
    waves.length === 0
      ? []
      : [
          row(
            `${waves.length} ${where}`,
            `${waves.reduce((sum, one) => sum + one.serving.length, 0)} clusters`,
            '',
            '',
          ),
        ];
  return [
    ...counted(plan.waves.slice(0, from), 'earlier'),
    ...shown,
    ...counted(plan.waves.slice(from + WAVES), 'later'),
  ];
}

function waveRow(plan: Plan, state: RolloutState, index: number): string {
  const wave = plan.waves[index];
  const serving = wave?.serving ?? [];
  const shares = serving.map((cluster) => state.shares[cluster] ?? 0);
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  const share = least === most ? formatShare(most) : `${formatShare(least)} to ${formatShare(most)}`;
  const label = shortened(waveLabel(wave ?? { name: '' }, index), NAME);
  return row(
    index === state.wave && state.outcome === null ? `**${label}**` : label,
    `${serving.length} cluster${serving.length === 1 ? '' : 's'}`,
    `${share}${least === WHOLE ? ' ✓' : ''}`,
    tallied(serving.map((cluster) => state.back[cluster]?.state ?? verdictOf(state.readings, cluster))),
  );
}

/** `38 healthy, 2 unknown`. */
function tallied(words: readonly string[]): string {
  const told = words.filter((word) => word !== '');
  const kinds = [...new Set(told)].sort();
  return kinds.map((kind) => `${told.filter((word) => word === kind).length} ${kind}`).join(', ') || '-';
}

/** The worst of its readings; '' = none. */
function verdictOf(readings: readonly SloReading[], cluster: string): string {
  const own = readings.filter((one) => one.cluster === cluster && one.shadow !== true);
  return (['breach', 'unknown', 'healthy'] as const).find((word) => own.some(({ verdict }) => verdict === word)) ?? '';
}

function verdictsOf(readings: readonly SloReading[], cluster: string): string {
  const own = readings.filter((reading) => reading.cluster === cluster);
  if (own.length === 0) return '-';
  const told = own.map((one) => `${one.slo}: ${one.verdict} (${one.newBad}/${one.newTotal})`);
  return shortened(told.join('; '), TOLD);
}
