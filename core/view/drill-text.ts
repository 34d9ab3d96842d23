/** The report of a drill for people: what was expected beside what was seen. Pure. */
import type { DrillReport } from '../topology/drilled.ts';
import { durationText } from '../values/duration.ts';
import { formatShare } from '../values/share.ts';

interface ToldDrill {
  readonly cluster: string;
  /** ppm. */
  readonly share: number;
  readonly reason: string;
  readonly services: readonly { readonly service: string; readonly phase: string; readonly text: string }[];
  /** null: it is under way. */
  readonly report: DrillReport | null;
}

const verdicts: Readonly<Record<DrillReport['outcome'], string>> = {
  held: 'every service has held without it',
  failed: 'NOT every service has held without it; all calls are brought back',
  incomplete: 'the services that were drilled have held without it; others were not drilled',
};

export function drillText({ cluster, share, reason, services, report }: ToldDrill): string {
  if (services.length === 0) return `no service calls ${cluster}\n`;
  const why = reason === '' ? '' : ` (${reason})`;
  if (report === null) return `drill of ${cluster}, ${formatShare(share)} of what it answers${why}: under way\n`;
  const { outcome, startedAtMs, endedAtMs, togetherMs, problems } = report;
  const lines = [
    `drill of ${cluster}, ${formatShare(share)} of what it answers${why}: ${verdicts[outcome]}`,
    `  it took ${durationText(endedAtMs - startedAtMs)}; ${togetherText(togetherMs)}`,
    ...services.map(({ service, phase, text }) => `  ${service}: ${phase}: ${text}`),
    ...report.services.flatMap(serviceLines),
    ...problems.map((one) => `not known: ${one}`),
  ];
  return `${lines.join('\n')}\n`;
}

const togetherText = (ms: number): string =>
  ms === 0 ? 'never were all moved at the same time' : `all were moved at the same time for ${durationText(ms)}`;

function serviceLines({ service, survivors, clients }: DrillReport['services'][number]): string[] {
  return [
    '',
    service,
    ...survivors.map(
      ({ cluster, before, predicted, seen, capacity, shed }) =>
        `  load of ${cluster}: ${rate(before)} before, ${rate(predicted)} expected, ${rate(seen)} seen${usedText(seen ?? predicted, capacity)}${shedText(shed)}`,
    ),
    ...clients.map(
      ({ cluster, before, predicted, seen }) =>
        `  mean latency of calls of ${cluster}: ${time(before)} before, ${time(predicted)} expected, ${time(seen)} seen`,
    ),
  ];
}

const rate = (perSecond: number | null): string => (perSecond === null ? 'not known' : `${perSecond.toFixed(1)}/s`);

const time = (ms: number | null): string => (ms === null ? 'not known' : `${ms.toFixed(1)} ms`);

const usedText = (load: number | null, capacity: number | null): string =>
  capacity === null || load === null
    ? '; what its pods can answer is not known (spec.ratePerReplica)'
    : `; its pods answer ${rate(capacity)}, of which ${capacity === 0 ? 'all' : `${((load / capacity) * 100).toFixed(0)} %`} are used`;

const shedText = (shed: number | null): string =>
  shed === null || shed === 0 ? '' : `; ${rate(shed)} would have been shed`;
