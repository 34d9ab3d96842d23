/** What GitHub and GitLab are told of a commit: its status, and at the end a deployment per cluster. */
import { hasHeld } from '../../../rollout/outcome.ts';
import { compileExpression } from '../../../cel/expression.ts';
import type { ForgeSink } from '../../../config/events/types.ts';
import { refuse } from '../../../values/error.ts';
import { shortened } from '../../../values/shortened.ts';
import type { CloudEvent } from '../../cloud-event.ts';
import { asVariable } from '../chosen.ts';
import { isWeb } from '../links.ts';
import { newsIn, newsKindOf } from '../news.ts';

export interface CommitStatus {
  readonly sha: string;
  readonly state: 'pending' | 'running' | 'success' | 'failure' | 'error';
  /** Which of the statuses of a commit it is. */
  readonly context: string;
  readonly description: string;
  /** '' = none. */
  readonly targetUrl: string;
}

export interface ClusterDeployment {
  readonly sha: string;
  readonly environment: string;
  readonly state: 'success' | 'failure';
  readonly description: string;
  /** Names it among the deployments of the commit: it is made once, however often it is told. */
  readonly task: string;
}

/** What GitHub takes. */
const DESCRIPTION = 140;

export function commitStatus(sink: ForgeSink, event: CloudEvent, runUrl: string): CommitStatus {
  const news = newsIn(event);
  return {
    sha: shaOf(sink, event),
    state: stateOf(event),
    context: `tidegate/${news.mesh}/${news.namespace}/${news.service}`,
    description: shortened(news.reason, DESCRIPTION),
    targetUrl: isWeb(runUrl) ? runUrl : '',
  };
}

export function clusterDeployments(sink: ForgeSink, event: CloudEvent): ClusterDeployment[] {
  const news = newsIn(event);
  if (newsKindOf(event.type) !== 'ended') return [];
  const sha = shaOf(sink, event);
  return news.moved.map(({ cluster, version }) => ({
    ...{ sha, environment: cluster, task: `tidegate:${news.run.runId}` },
    state: version === news.version ? 'success' : 'failure',
    description: shortened(news.reason, DESCRIPTION),
  }));
}

function stateOf(event: CloudEvent): CommitStatus['state'] {
  const { outcome, cause } = newsIn(event);
  if (newsKindOf(event.type) !== 'ended') return newsKindOf(event.type) === 'started' ? 'running' : 'pending';
  if (outcome === 'promoted' || outcome === 'released' || hasHeld({ outcome, cause })) return 'success';
  return cause === 'breach' || cause === 'abort' ? 'failure' : 'error';
}

function shaOf({ name, sha }: ForgeSink, event: CloudEvent): string {
  const found = sha === '' ? newsIn(event).version : compileExpression(sha).evaluate({ event: asVariable(event) });
  if (typeof found === 'string' && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(found)) return found;
  return refuse(
    'Invalid',
    `sink ${name}: ${JSON.stringify(found)} is no whole commit hash`,
    'name versions after commits, or say in spec.sha how the hash is found',
  );
}
