/** What is watched: as a rollout would, with the judge and the times that the person asked for. */
import { defaultSlos, rolloutDefaults } from '../../core/config/defaults.ts';
import { judgeSchema, resolveJudge } from '../../core/config/judge-schema.ts';
import type { ServiceConfig } from '../../core/config/types.ts';
import { countedShare } from '../../core/judge/arms/counted-share.ts';
import type { WatchSloInput } from '../../core/judge/look/watch.ts';
import { probeRoutesOf } from '../../core/judge/series/probes.ts';
import type { Recording, RecordingHeader } from '../../core/judge/recording/recording.ts';
import type { JudgeSettings, Slo } from '../../core/judge/settings.ts';
import { statName } from '../../core/routing/names.ts';
import { parseDuration } from '../../core/values/duration.ts';
import { refuse } from '../../core/values/error.ts';
import { WHOLE } from '../../core/values/share.ts';

const PPM_PER_PERCENT = WHOLE / 100;

export type JudgeType = 'sequential' | 'threshold' | 'kayenta';

/** What is missing is as the Service document has it, or by default. */
export interface Overrides {
  readonly judge?: JudgeType;
  readonly warmUpMs?: number;
  /** Time between two looks, ms. */
  readonly pollMs?: number;
  /** Names of the SLOs that are judged; missing: all. */
  readonly slos?: readonly string[];
  /** The sequential judge looks as well, for the chart of its evidence. */
  readonly evidence?: boolean;
}

export type ServiceRules = Pick<ServiceConfig, 'slos' | 'judge' | 'warmUpMs'>;

/** Of a service without a document. */
const defaultRules = (): ServiceRules => ({
  slos: defaultSlos,
  judge: judgeOf('sequential'),
  warmUpMs: warmUpOf('sequential'),
});

const judgeOf = (type: JudgeType): JudgeSettings => resolveJudge(judgeSchema.parse({ type }));

const warmUpOf = (type: JudgeType): number => parseDuration(rolloutDefaults.warmUp[type]) ?? 0;

/** Another judge than the Service's comes with its own warm-up, and judges every SLO. */
export const rulesOf = (written: ServiceRules | null, overrides: Overrides): ServiceRules => {
  const { judge: type, warmUpMs, pollMs } = overrides;
  const rules = written ?? defaultRules();
  const judge = withPoll(type === undefined ? rules.judge : judgeOf(type), pollMs);
  const slos = chosen(rules.slos, overrides.slos).map((slo) => withJudges(slo, judge, overrides));
  const own = type === undefined || type === (rules.judge.type ?? 'threshold');
  return { slos, judge, warmUpMs: warmUpMs ?? (own ? rules.warmUpMs : warmUpOf(type)) };
};

const chosen = (slos: readonly Slo[], names: readonly string[] | undefined): readonly Slo[] => {
  const unknown = (names ?? []).filter((name) => !slos.some((slo) => slo.name === name));
  if (unknown.length > 0) {
    refuse(
      'Invalid',
      `there is no SLO ${unknown.join(', ')}`,
      `name one of ${slos.map(({ name }) => name).join(', ')}`,
    );
  }
  return names === undefined ? slos : slos.filter(({ name }) => names.includes(name));
};

const withJudges = ({ judge: own, ...slo }: Slo, judge: JudgeSettings, overrides: Overrides): Slo => {
  const kept = overrides.judge === undefined && own !== undefined ? { judge: own } : {};
  const all = [kept.judge ?? judge, ...(slo.shadow ?? [])];
  const hasEvidence = all.some(({ type }) => type === 'sequential');
  if (overrides.evidence !== true || hasEvidence) return { ...slo, ...kept };
  return { ...slo, ...kept, shadow: [...(slo.shadow ?? []), judgeOf('sequential')] };
};

/** A threshold judge measures at looks, over at least one interval. */
const withPoll = (judge: JudgeSettings, pollMs: number | undefined): JudgeSettings => {
  if (pollMs === undefined) return judge;
  if (judge.type === 'sequential' || judge.type === 'kayenta') return { ...judge, pollMs };
  const intervalMs = Math.max(judge.intervalMs ?? 0, pollMs);
  return { ...judge, pollMs, intervalMs, windowMs: Math.max(judge.windowMs, intervalMs) };
};

export const watchInputOf = (recording: Recording, rules: ServiceRules): WatchSloInput => {
  const { header } = recording;
  const share = sharePpm(recording, rules);
  return {
    service: { mesh: '', namespace: header.namespace, service: header.service, installation: '' },
    strata: Object.entries(header.clusters).map(([serving, clients]) => ({
      serving,
      share,
      newVersion: header.versions.new,
      oldVersion: header.versions.old,
      newStat: statOf(header, header.versions.new, serving),
      oldStat: statOf(header, header.versions.old, serving),
      clients,
      sinceMs: header.sinceMs,
    })),
    slos: rules.slos,
    judge: rules.judge,
    warmUpMs: rules.warmUpMs,
    // Looks go on to the end of the range: neither a bake's end nor a limit of unknown is asked for.
    mode: 'bake',
    bakeMs: 0,
    maxUnknownMs: 0,
  };
};

const statOf = ({ namespace, service }: RecordingHeader, version: string, cluster: string): string =>
  version === '' ? '' : statName({ namespace, service, version, cluster });

const sharePpm = ({ header, series }: Recording, { slos }: Pick<ServiceRules, 'slos'>): number => {
  if (header.sharePercent !== undefined) return Math.round(header.sharePercent * PPM_PER_PERCENT);
  const stats = (version: string): string[] =>
    Object.keys(header.clusters).map((cluster) => statOf(header, version, cluster));
  return countedShare(series, {
    newVersion: header.versions.new,
    oldVersion: header.versions.old,
    newStats: stats(header.versions.new),
    oldStats: stats(header.versions.old),
    sinceMs: header.sinceMs,
    service: header,
    probeRoutes: probeRoutesOf(slos),
  });
};

/** The header with the share that the counts have, when it names none. */
export const withShare = ({ header, series }: Recording, rules: Pick<ServiceRules, 'slos'> | null): Recording => ({
  header: { ...header, sharePercent: sharePpm({ header, series }, rules ?? defaultRules()) / PPM_PER_PERCENT },
  series,
});
