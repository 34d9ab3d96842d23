/** `tidegate lab traffic report`: what clients saw, as a table: who asked, who answered, how many failed and how. Pure. */
import type { TrafficFailure, TrafficGroup, TrafficReport } from '../../infra/lab/load/report.ts';

/** Failures that are told one by one: the first ones show what the others are. */
const TOLD = 5;

interface Row {
  readonly service: string;
  readonly client: string;
  readonly version: string;
  readonly serving: string;
  readonly requests: number;
  readonly failed: number;
  /** `5xx 3, timeout 1`; '' = none failed. */
  readonly how: string;
}

export function trafficText(report: TrafficReport): string {
  const { requests, failed, inFlight, latency, failures } = report;
  if (requests === 0)
    return `No request has ended yet${inFlight > 0 ? `, ${inFlight} are under way` : '. Start some: tidegate lab traffic SERVICE'}\n`;
  const took =
    latency === null ? 'nobody answered' : `p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}, max ${ms(latency.max)}`;
  return [
    `${requests} requests, ${failed} failed (${percent(failed / requests)}), ${inFlight} under way; ${took}`,
    '',
    ...table(rowsOf(report.groups)),
    ...(failures.length === 0 ? [] : ['', ...failureLines(failures, failed)]),
    '',
  ].join('\n');
}

function rowsOf(groups: readonly TrafficGroup[]): Row[] {
  const byKey = Map.groupBy(groups, ({ service, client, version, serving }) =>
    JSON.stringify([service, client, version, serving]),
  );
  return [...byKey]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, all]) => {
      const [first] = all;
      if (first === undefined) return [];
      const { service, client, version, serving } = first;
      const bad = Map.groupBy(
        all.filter(({ outcome }) => outcome !== 'ok'),
        ({ outcome }) => outcome,
      );
      const kinds = [...bad].map(([outcome, some]) => `${outcome} ${sum(some)}`).sort();
      const failed = sum([...bad.values()].flat());
      return [{ service, client, version, serving, requests: sum(all), failed, how: kinds.join(', ') }];
    });
}

const sum = (groups: readonly TrafficGroup[]): number => groups.reduce((all, { count }) => all + count, 0);

/** Shares are of the calls of one client cluster to one service. */
function table(rows: readonly Row[]): string[] {
  const of = (one: Row): number =>
    rows
      .filter(({ service, client }) => service === one.service && client === one.client)
      .reduce((all, { requests }) => all + requests, 0);
  const cells = rows.map((row) => [
    ...[row.service, row.client, row.version || '(no answer)', row.serving || '-'],
    ...[String(row.requests), percent(row.requests / of(row)), String(row.failed), row.how],
  ]);
  const head = ['SERVICE', 'CALLED FROM', 'VERSION', 'ANSWERED IN', 'REQUESTS', 'SHARE', 'FAILED', 'HOW'];
  const all = [head, ...cells];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  // Numbers stand to the right: columns 4 to 6.
  const cell = (text: string, i: number): string =>
    i >= 4 && i <= 6 ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
  return all.map((row) => row.map(cell).join('  ').trimEnd());
}

function failureLines(failures: readonly TrafficFailure[], failed: number): string[] {
  const told = failures.slice(0, TOLD);
  const lines = told.map(
    ({ at, client, node, kind, version, serving, detail }) =>
      `  ${new Date(at).toISOString()}  ${client}/${node} → ${version || '(no answer)'}${serving === '' ? '' : ` in ${serving}`}: ${kind}${detail === '' ? '' : ` ${detail}`}`,
  );
  return [`The first ${told.length} of ${failed} failures (all: -o json):`, ...lines];
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`;

const ms = (value: number): string => `${Number(value.toPrecision(3))} ms`;
