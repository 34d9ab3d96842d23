/** What the demo proved, from what clients saw and what the rollouts said. */
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { TrafficReport } from '../../infra/lab/load/report.ts';

export interface Act {
  readonly title: string;
  /** Exit code that the act must end with. */
  readonly expected: number;
  readonly code: number;
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: RolloutStatus;
}

export interface Summary {
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly acts: readonly Act[];
  readonly clients: {
    readonly requests: number;
    readonly failed: number;
    /** Failures that the faulty version did not cause: must be 0. */
    readonly unexplained: number;
    readonly rows: readonly {
      readonly version: string;
      readonly serving: string;
      readonly requests: number;
      readonly failed: number;
    }[];
  };
  /** The version that was made to fail. */
  readonly faulty: string;
  /** ms from the first bad response that a client saw; null when there was none. */
  readonly wayBack: {
    readonly verdict: number | null;
    readonly written: number | null;
    readonly proven: number | null;
  };
}

export interface SeenStory {
  readonly acts: readonly Act[];
  readonly traffic: TrafficReport;
  readonly faulty: string;
  readonly fault: { readonly ratio: string; readonly cluster: string };
}

export function summaryOf({ acts, traffic, faulty }: SeenStory): Summary {
  const rows = rowsOf(traffic);
  const caused = rows.filter((row) => row.version === faulty).reduce((sum, row) => sum + row.failed, 0);
  const unexplained = traffic.failed - caused;
  const wrong = acts
    .filter((act) => act.code !== act.expected)
    .map((act) => `${act.title}: ended ${act.status.outcome ?? act.status.phase} (${act.status.reason})`);
  const problems = [
    ...wrong,
    ...(unexplained > 0
      ? [`clients saw ${unexplained} failures that ${faulty} did not cause: ${firstFailures(traffic, faulty)}`]
      : []),
    ...(caused === 0 ? [`no client saw ${faulty} fail: the breach was not real`] : []),
    ...(traffic.requests === 0 ? ['there was no traffic'] : []),
  ];
  return {
    ok: problems.length === 0,
    problems,
    acts,
    clients: { requests: traffic.requests, failed: traffic.failed, unexplained, rows },
    faulty,
    wayBack: wayBackOf(acts, traffic.firstBad[faulty]),
  };
}

function rowsOf(traffic: TrafficReport): Summary['clients']['rows'] {
  const rows = new Map<string, { version: string; serving: string; requests: number; failed: number }>();
  for (const { version, serving, outcome, count } of traffic.groups) {
    const key = `${version} ${serving}`;
    const row = rows.get(key) ?? { version, serving, requests: 0, failed: 0 };
    row.requests += count;
    if (outcome !== 'ok') row.failed += count;
    rows.set(key, row);
  }
  return [...rows.values()].toSorted((a, b) => (a.version + a.serving < b.version + b.serving ? -1 : 1));
}

const firstFailures = (traffic: TrafficReport, faulty: string): string =>
  traffic.failures
    .filter((failure) => failure.version !== faulty)
    .slice(0, 5)
    .map(
      (failure) =>
        `${failure.client}/${failure.node} ${failure.kind} ${failure.detail} at ${new Date(failure.at).toISOString()}`,
    )
    .join('; ');

function wayBackOf(acts: readonly Act[], firstBad: number | undefined): Summary['wayBack'] {
  const moments = acts.find((act) => act.status.outcome === 'restored')?.status.moments;
  const since = (at: number | null | undefined): number | null =>
    firstBad === undefined || at === null || at === undefined ? null : at - firstBad;
  return { verdict: since(moments?.verdict), written: since(moments?.written), proven: since(moments?.proven) };
}

export function summaryText({ acts, clients, faulty, wayBack, ok, problems }: Summary): string {
  const seconds = (ms: number | null): string => (ms === null ? '-' : `${(ms / 1000).toFixed(1)} s`);
  return [
    '',
    'What happened',
    ...acts.map(
      (act) =>
        `  ${act.code === act.expected ? '✓' : '✗'} ${act.title}: ${act.status.outcome ?? act.status.phase} in ${seconds(act.endedAt - act.startedAt)}`,
    ),
    '',
    `What clients saw: ${clients.requests} requests, ${clients.failed} failed, ${clients.unexplained} of them not caused by ${faulty}`,
    ...clients.rows.map(
      (row) =>
        `  ${(row.version || '(no answer)').padEnd(12)} ${(row.serving || '-').padEnd(20)} ${String(row.requests).padStart(7)} requests ${String(row.failed).padStart(5)} failed`,
    ),
    '',
    `The way back of ${faulty}, from the first bad response that a client saw`,
    `  to the verdict           ${seconds(wayBack.verdict)}`,
    `  to the weights written   ${seconds(wayBack.written)}`,
    `  to the traffic proven    ${seconds(wayBack.proven)}`,
    '',
    ok ? 'Everything happened as told.' : `Not as told:\n${problems.map((problem) => `  ✗ ${problem}`).join('\n')}`,
    '',
  ].join('\n');
}
