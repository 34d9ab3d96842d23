/** The live view of a rollout: waves, clusters, shares, SLO numbers, verdict with reason. Pure: data in, lines out. */
import type { SloReading } from '../judge/slo-reading.ts';
import type { RolloutStatus } from '../rollout/machine/status.ts';
import { partFlag, partOf } from '../routing/part.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import { billedSoFar, billedText } from '../rollout/plan/billed.ts';
import { waveTitle } from '../rollout/plan/wave-title.ts';
import { isCut, runEnd } from './run-end.ts';
import { durationText } from '../values/duration.ts';
import { formatShare, WHOLE } from '../values/share.ts';

export interface Live {
  readonly plan: Plan;
  readonly status: RolloutStatus;
  /** The newest readings: of the running watch, else of the last. */
  readonly readings: readonly SloReading[];
  /** Temporal's status of the run in small letters: running, completed, failed, cancelled, terminated, timed_out. */
  readonly run: string;
  readonly nowMs: number;
  /** How long the run has been open, ms. */
  readonly ranMs: number;
  readonly link: string;
  /** What activities that run say of themselves, a line each. Absent: not asked for. */
  readonly progress?: readonly string[];
  /** What a person is asked about the service beside its rollout, one sentence each. Absent: not asked for. */
  readonly asked?: readonly string[];
}

const BAR = 20;

export function statusLines(live: Live): string[] {
  const { plan, status } = live;
  const end = runEnd(live);
  return [
    `${status.service}  ${plan.kind} → ${plan.version}   ${stateText(live).toUpperCase()}   ${sinceText(live)}`.trimEnd(),
    ...(end === null ? [] : [`  ${end.text}`, `  → ${end.fix}`]),
    `  ${isCut(live) ? `its last word (${status.phase}): ` : ''}${status.reason}`,
    '',
    ...plan.waves.flatMap((wave, i) => waveLines(live, i, wave.serving)),
    '',
    ...(live.progress ?? []).map((line) => `  ${line}`),
    ...readingLines(live),
    ...backLines(plan, status),
    ...askedLines(live),
    ...frozenLines(live),
    billedLine(live),
    `  ${live.link}`,
  ];
}

function frozenLines({ plan, status }: Live): string[] {
  if (status.phase !== 'frozen') return [];
  const name = status.service.split('/').at(-1) ?? status.service;
  return [
    `  → in an emergency: tidegate rollout promote ${name}${partFlag(partOf(plan))} --break-glass REASON; a way back is never held`,
  ];
}

/** A run is billed for what it does, and for how long it waits. */
const billedLine = ({ plan, ranMs, status }: Live): string =>
  `  Temporal: about ${billedText(billedSoFar(plan, ranMs), plan)}${status.outcome === null ? ', its next bakes included' : ''}`;

/** The settler looks every half hour; who has decided need not wait for that. */
function askedLines({ status, asked = [] }: Live): string[] {
  if (asked.length === 0) return [];
  const name = status.service.split('/').at(-1) ?? status.service;
  return [...asked.map((text) => `  asked: ${text}`), `  → when it is decided: tidegate audit ${name}`];
}

/** Each client cluster of a way back, and what a person can do about one that does not answer. */
function backLines(plan: Plan, { service, outstanding, back = {}, absent = {}, outcome }: RolloutStatus): string[] {
  const name = service.split('/').at(-1) ?? service;
  const far = Object.entries(back).map(
    ([cluster, { state, reason }]) => `  back: ${cluster.padEnd(20)} ${state}${reason === '' ? '' : `: ${reason}`}`,
  );
  const left = Object.entries(absent)
    .filter(([cluster]) => back[cluster] === undefined)
    .map(([cluster, { reason }]) => `  absent: ${cluster}: ${reason}`);
  if (outstanding.length === 0) return [...far, ...left];
  const giveUp =
    outcome === null
      ? ` (one that will not answer: tidegate rollout give-up ${name}${partFlag(partOf(plan))} --cluster ${outstanding[0] ?? ''})`
      : '';
  return [...far, ...left, `  still to restore: ${outstanding.join(', ')}${giveUp}`];
}

const stateText = (live: Live): string =>
  live.status.outcome ?? (isCut(live) ? live.run.replace('_', ' ') : live.status.phase);

const sinceText = ({ status, nowMs, run }: Live): string =>
  status.outcome === null && run === 'running' ? `for ${durationText(Math.max(1000, nowMs - status.since))}` : '';

function waveLines({ plan, status }: Live, index: number, serving: readonly string[]): string[] {
  const wave = plan.waves[index];
  const here = index + 1 === status.wave;
  const at = here && status.steps > 0 ? ` · step ${Math.max(status.step, 0)}/${status.steps}` : '';
  return [
    `  ${here ? '▶' : ' '} ${waveTitle(wave ?? { name: '' }, index)}${at}`,
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

/** The place of the counts; a version that was not counted gets the reason instead: dashes tell nobody what to do. */
const counted = ({ newBad, newTotal, oldBad, oldTotal, reason }: SloReading): string => {
  const ratio = (bad: number, total: number): string =>
    total === 0 ? '-' : `${((bad / total) * 100).toFixed(2)} % of ${total}`;
  if (newTotal === 0) return reason;
  return `new ${ratio(newBad, newTotal).padEnd(18)} old ${ratio(oldBad, oldTotal).padEnd(18)}`;
};

/** Why there is no verdict, where neither the counts nor the outlook say it. */
const openReason = ({ verdict, newTotal, evidence, reason }: SloReading, status: RolloutStatus): string[] => {
  const told = newTotal === 0 || (evidence !== undefined && evidence.healthyInS !== null);
  if (verdict !== 'unknown' || told || reason === '' || status.reason.includes(reason)) return [];
  return [`      ${reason}`];
};

const readingLines = ({ readings, status }: Live): string[] =>
  readings.flatMap((reading) => {
    const where = reading.cluster === '*' ? 'all clusters' : reading.cluster;
    const name = reading.shadow === true ? `${reading.slo} (${reading.judge ?? 'threshold'})` : reading.slo;
    const mark = reading.shadow === true ? '·' : marks[reading.verdict];
    const line = `  ${mark} ${name.padEnd(18)} ${where.padEnd(20)} ${counted(reading)}`;
    const more = reading.newTotal === 0 ? '' : outlook(reading);
    return [`${line}${more}`.trimEnd(), ...openReason(reading, status)];
  });

/** One line per change, for logs and pipes. */
export function statusLine({ status }: Live): string {
  const shares = Object.entries(status.shares).map(([cluster, share]) => `${cluster} ${formatShare(share)}`);
  return `${status.outcome ?? status.phase} wave ${status.wave}/${status.waves} step ${status.step}/${status.steps} [${shares.join(', ')}] ${status.reason}`;
}
