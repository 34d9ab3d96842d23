/**
 * watchClusters: asks the API server of each cluster every two seconds, which costs next to nothing. Only where one is silent,
 * or a person says that a cluster is lost, are the counts of the other clusters asked, too. Only reads.
 */
import type { WatchClustersInput, WatchClustersResult, WatchedCluster } from '../../core/contract/failover.ts';
import { heartbeatTimeoutsMs } from '../../core/contract/timeouts.ts';
import { watchBeatMs } from '../../core/rollout/watch-terms.ts';
import {
  apiVote,
  evidenceText,
  judgeCluster,
  type Evidence,
  type Judgement,
} from '../../core/topology/lost-cluster.ts';
import { lostSinceMs, newsOf, seenAnew, type Seen } from '../../core/topology/watched.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ActivityPort, ObserveDeps } from '../ports.ts';
import { askPeers, type PeerDeps } from './ask-peers.ts';
import { createProber, type Prober } from './probe-clusters.ts';

interface WatchClustersDeps extends PeerDeps, Pick<ObserveDeps, 'isWanted' | 'attemptMs'> {
  readonly activity: Pick<ActivityPort, 'signal' | 'heartbeat' | 'scheduledAtMs'>;
}

/** Between two looks, ms: while all is well, and while something may be wrong. */
const LOOK_MS = { well: 1_000, doubt: 500 } as const;
/** Between two questions whether the attempt is wanted still, ms. */
const WANTED_MS = 10_000;
const BEAT_MS = watchBeatMs(heartbeatTimeoutsMs.watchClusters);
/** One attempt, ms: function runtimes end at 10 to 15 minutes. */
const ATTEMPT_MS = 9 * 60_000;
/** Then it returns without news, so that services, and a policy, that are new since are listed, ms: one attempt. */
const WHOLE_MS = ATTEMPT_MS;
/** Longest that a person waits for the evidence, ms. */
const PERSON_MS = 12_000;

export async function watchClusters(deps: WatchClustersDeps, input: WatchClustersInput): Promise<WatchClustersResult> {
  const { clock, activity, attemptMs = ATTEMPT_MS } = deps;
  const prober = createProber(deps, input);
  try {
    const startedMs = clock.nowMs();
    const pulse = createBeat(deps, startedMs);
    let seen: readonly Seen[] = input.clusters.map(({ name }) => unseen(input, name));
    for (;;) {
      await pulse();
      const nowMs = clock.nowMs();
      const found = await Promise.all(input.clusters.map(({ name }) => lookAt(deps, { input, prober, cluster: name })));
      seen = seen.map((one, i) => seenAnew(one, { ...(found[i] ?? nothing), nowMs }));
      const answering = prober.answering();
      const asked = seen.filter(({ cluster }) => cluster === input.person);
      // A silence needs seconds to be one.
      const isClear = asked.some(({ judgement, looks }) => judgement === 'lost' && looks > 1);
      if (asked.length > 0 && (isClear || nowMs - startedMs >= PERSON_MS))
        return { news: asked.map(wordOf), answering };
      const news = input.person === undefined ? newsOf(seen, { told: input.told, nowMs }) : [];
      if (news.length > 0 || nowMs - activity.scheduledAtMs() >= WHOLE_MS) return { news: news.map(wordOf), answering };
      if (nowMs - startedMs >= attemptMs) throw windowEnd();
      await clock.sleep(prober.isQuiet() ? LOOK_MS.well : LOOK_MS.doubt, activity.signal());
    }
  } finally {
    prober.stop();
  }
}

const wordOf = ({ cluster, judgement, sinceMs, text }: Seen): Omit<WatchedCluster, 'movedAtMs'> => ({
  ...{ cluster, judgement, text, atMs: sinceMs },
});

function unseen({ told }: WatchClustersInput, cluster: string): Seen {
  const known = told.find((one) => one.cluster === cluster);
  return { cluster, judgement: known?.judgement ?? 'unknown', sinceMs: 0, looks: 0, text: '' };
}

interface Found {
  readonly judgement: Judgement;
  readonly text: string;
}

const nothing: Found = { judgement: 'unknown', text: '' };

interface LookAt {
  readonly input: WatchClustersInput;
  readonly prober: Prober;
  readonly cluster: string;
}

async function lookAt(deps: WatchClustersDeps, { input, prober, cluster }: LookAt): Promise<Found> {
  const api = apiVote(prober.probes(), { cluster, nowMs: deps.clock.nowMs() });
  const person = input.person === cluster;
  const told = input.told.find((one) => one.cluster === cluster);
  const peers =
    api !== 'gone' && !person
      ? { vote: 'unknown' as const, text: 'not asked' }
      : await askPeers(deps, {
          ...input,
          cluster,
          answering: prober.answering(),
          sinceMs: told === undefined ? 0 : lostSinceMs(told),
        });
  const evidence: Evidence = { api, calls: peers.vote, person };
  return {
    judgement: judgeCluster(evidence),
    text: evidenceText(evidence, { api: prober.why(cluster), calls: peers.text }),
  };
}

/** Beats as rarely as it may, and asks in between whether it is wanted still: cancellation comes with a beat's answer. */
function createBeat({ clock, activity, isWanted }: WatchClustersDeps, startedMs: number): () => Promise<void> {
  let [beatMs, askedMs] = [startedMs, startedMs];
  return async () => {
    const nowMs = clock.nowMs();
    let due = nowMs - beatMs >= BEAT_MS;
    if (!due && isWanted !== undefined && nowMs - askedMs >= WANTED_MS) {
      askedMs = nowMs;
      due = !(await isWanted());
    }
    if (!due) return;
    beatMs = nowMs;
    activity.heartbeat({});
  };
}

/** Retryable and benign: waiting adds no history events. */
const windowEnd = (): TidegateError =>
  new TidegateError('WindowEnd', 'this attempt to watch the clusters is over, the next one goes on', {
    retryAfterMs: 100,
  });
