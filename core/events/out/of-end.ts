/** The end of anything, as the one event that tells it. */
import type { RunEnd } from '../../rollout/outcome.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { Moved } from './moved.ts';
import { newsEvent, newsType, SETTLER_ENDED } from './news.ts';

export interface EndTold {
  readonly end: RunEnd;
  readonly installation: string;
  readonly traceparent: string;
  readonly moved: readonly Moved[];
}

export function endEvent({ end, installation, traceparent, moved }: EndTold): CloudEvent {
  const { kind, service, part, version, clusters, absent, outcome, reason, cause, code, wave, step } = end;
  const cut = end.id.lastIndexOf('/');
  return newsEvent({
    type: kind === 'settle' ? SETTLER_ENDED : newsType('ended'),
    atMs: end.endedAtMs,
    at: 'ended',
    traceparent,
    news: {
      ...{ installation, mesh: service.mesh, namespace: service.namespace, service: service.service },
      ...{ part, kind, version, clusters, absent, outcome, reason, cause, code, moved, wave, step },
      run: { workflowId: end.id.slice(0, cut), runId: end.id.slice(cut + 1) },
      ...{ waves: end.waves, waveName: '', steps: 0, shares: {}, verdict: cause === 'breach' ? 'breach' : '' },
    },
  });
}
