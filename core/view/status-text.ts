/** The live view of a rollout: waves, clusters, shares, SLO numbers, verdict with reason. Pure: data in, lines out. */
import type { SloReading } from '../judge/slo-reading.ts';
import type { RolloutStatus } from '../rollout/machine/status.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import { durationText } from '../values/duration.ts';
import { formatShare, WHOLE } from '../values/share.ts';

export interface Live {
  readonly plan: Plan;
  readonly status: RolloutStatus;
  /** The newest readings: of the running watch, else of the last. */
  readonly readings: readonly SloReading[];
  /** How the run was cut off before it had an outcome: terminated, timed_out, …; '' when it was not. */
  readonly cut: string;
  readonly nowMs: number;
  readonly link: string;
}

const BAR = 20;

export function statusLines(live: Live): string[] {
  const { plan, status } = live;
  return [
    `${status.service}  ${plan.kind} → ${plan.version}   ${(status.outcome ?? status.phase).toUpperCase()}   ${sinceText(live)}`,
    `  ${status.reason}`,
    '',
    ...plan.waves.flatMap((wave, i) => waveLines(live, i, wave.serving)),
    '',
    ...readingLines(live.readings),
    ...(status.outstanding.length > 0 ? [`  still to restore: ${status.outstanding.join(', ')}`] : []),
    `  ${live.link}`,
  ];
}

const sinceText = ({ status, nowMs }: Live): string =>
  status.outcome === null ? `for ${durationText(Math.max(1000, nowMs - status.since))}` : '';

function waveLines({ plan, status }: Live, index: number, serving: readonly string[]): string[] {
  const wave = plan.waves[index];
  const here = index + 1 === status.wave;
  const at = here && status.steps > 0 ? ` · step ${Math.max(status.step, 0)}/${status.steps}` : '';
  return [
    `  ${here ? '▶' : ' '} wave ${index + 1} ${wave?.name ?? ''}${at}`,
    ...serving.map((cluster) => {
      const share = status.shares[cluster] ?? 0;
      const filled = Math.round((share / WHOLE) * BAR);
      const back = status.takenBack.includes(cluster) ? '  taken back' : '';
      return `      ${cluster.padEnd(20)} ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${formatShare(share).padStart(7)}${back}`;
    }),
  ];
}

/** What is still missing: evidence of a breach as powers of ten, and the time until healthy. */
const outlook = ({ verdict, evidence }: SloReading): string => {
  if (evidence === undefined || verdict === 'healthy') return '';
  const breach = `10^${evidence.log10E.toFixed(1)} of 10^${evidence.log10Needed.toFixed(1)} for a breach`;
  if (verdict === 'breach' || evidence.healthyInS === null) return breach;
  return `healthy in ${durationText(Math.max(1, evidence.healthyInS) * 1000)} · ${breach}`;
};

const marks = { breach: '✗', healthy: '✓', unknown: '?' } as const;

function readingLines(readings: readonly SloReading[]): string[] {
  return readings.map((reading) => {
    const where = reading.cluster === '*' ? 'all clusters' : reading.cluster;
    const ratio = (bad: number, total: number): string =>
      total === 0 ? '-' : `${((bad / total) * 100).toFixed(2)} % of ${total}`;
    const name = reading.shadow === true ? `${reading.slo} (${reading.judge ?? 'threshold'})` : reading.slo;
    const mark = reading.shadow === true ? '·' : marks[reading.verdict];
    const old = ratio(reading.oldBad, reading.oldTotal).padEnd(18);
    return `  ${mark} ${name.padEnd(18)} ${where.padEnd(20)} new ${ratio(reading.newBad, reading.newTotal).padEnd(18)} old ${old}${outlook(reading)}`.trimEnd();
  });
}

/** One line per change, for logs and pipes. */
export function statusLine({ status }: Live): string {
  const shares = Object.entries(status.shares).map(([cluster, share]) => `${cluster} ${formatShare(share)}`);
  return `${status.outcome ?? status.phase} wave ${status.wave}/${status.waves} step ${status.step}/${status.steps} [${shares.join(', ')}] ${status.reason}`;
}
