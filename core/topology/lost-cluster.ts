/**
 * Is a cluster lost? Said by a quorum of evidence, never by one source: its API server as the worker sees it, what becomes of
 * the calls that other clusters send to it, and people. Pure.
 *
 *   api ─┐
 *   calls ├──judgeCluster──► well | suspected | lost | unknown, and why
 *   person ┘
 *
 * Unknown is neither lost nor healthy: a source that cannot say has no vote, on either side.
 */

/** What one source says of the cluster. */
export type Vote = 'gone' | 'well' | 'unknown';

export interface Evidence {
  /** Does its API server answer the worker? unknown: the worker cannot reach the others either, or has not asked for long enough. */
  readonly api: Vote;
  /** Are calls of other clusters answered there? unknown: too few calls, or no counts that are fresh. */
  readonly calls: Vote;
  /** Has a person said that it is lost? */
  readonly person: boolean;
}

/** suspected: a source says so, and the quorum is not there. */
export type Judgement = 'well' | 'suspected' | 'lost' | 'unknown';

/**
 * lost: two sources say so, and none that sees the traffic speaks against it. Calls that are answered are the last word; an
 * API server that answers is overruled by a person whom the calls prove right.
 */
export function judgeCluster({ api, calls, person }: Evidence): Judgement {
  const against = [api, calls].filter((vote) => vote === 'gone').length + (person ? 1 : 0);
  if (calls === 'well') return against > 0 ? 'suspected' : 'well';
  if (api === 'well' && !(person && calls === 'gone')) return against > 0 ? 'suspected' : 'well';
  if (against >= 2) return 'lost';
  return against === 1 ? 'suspected' : 'unknown';
}

/** The evidence in one sentence for people. */
export function evidenceText(
  { api, calls, person }: Evidence,
  told: { readonly calls: string; readonly api: string },
): string {
  const words = [
    `its API server ${api === 'gone' ? 'does not answer' : api === 'well' ? 'answers' : 'cannot be judged'}${said(told.api)}`,
    `calls to it ${calls === 'gone' ? 'fail' : calls === 'well' ? 'are answered' : 'say nothing'}${said(told.calls)}`,
    ...(person ? ['a person says that it is lost'] : []),
  ];
  return words.join('; ');
}

const said = (text: string): string => (text === '' ? '' : ` (${text})`);

/** What the worker has heard of the API server of one cluster. */
export interface Probes {
  /** The newest answer, ms since the epoch; 0 = none yet. */
  readonly answeredAtMs: number;
  /** Since when it has been silent, ms since the epoch; null: the last question was answered, or none was asked. */
  readonly silentSinceMs: number | null;
  /** Questions in a row that were not answered. */
  readonly silent: number;
}

/** So many questions in a row, over so long, ms: one lost packet, and the restart of a load balancer, are nothing. */
const SILENCE = { questions: 3, ms: 3_000 } as const;

const isSilent = ({ silent, silentSinceMs }: Probes, nowMs: number): boolean =>
  silentSinceMs !== null && silent >= SILENCE.questions && nowMs - silentSinceMs >= SILENCE.ms;

/**
 * The vote of the API server. A worker that reaches less than half of the others is cut off itself, and says nothing of any;
 * where there is no other cluster to compare with, it never says that one is gone.
 */
export function apiVote(
  all: Readonly<Record<string, Probes>>,
  { cluster, nowMs }: { readonly cluster: string; readonly nowMs: number },
): Vote {
  const own = all[cluster];
  if (own === undefined || (own.silentSinceMs === null && own.answeredAtMs === 0)) return 'unknown';
  if (own.silentSinceMs === null) return 'well';
  if (!isSilent(own, nowMs)) return 'unknown';
  const others = Object.entries(all).filter(([name]) => name !== cluster);
  const answering = others.filter(([, { silentSinceMs, answeredAtMs }]) => silentSinceMs === null && answeredAtMs > 0);
  return answering.length > 0 && answering.length * 2 >= others.length ? 'gone' : 'unknown';
}
