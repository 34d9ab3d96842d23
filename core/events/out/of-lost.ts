/** A cluster is lost, and a person is to say the word: told of the cluster, for it is about many services. */
import type { CloudEvent } from '../cloud-event.ts';
import { newsEvent, newsType } from './news.ts';

interface LostTold {
  readonly installation: string;
  readonly mesh: string;
  readonly cluster: string;
  /** The evidence. */
  readonly text: string;
  /** When it was found lost, ms since the epoch. */
  readonly atMs: number;
  /** The watch. */
  readonly run: { readonly workflowId: string; readonly runId: string };
}

export const lostEvent = ({ installation, mesh, cluster, text, atMs, run }: LostTold): CloudEvent =>
  newsEvent({
    ...{ type: newsType('held'), atMs, at: `lost/${cluster}/${String(atMs)}`, traceparent: '' },
    news: {
      ...{ installation, mesh, namespace: '', service: cluster, part: 'topology', kind: 'topology', version: '', run },
      ...{ clusters: [cluster], wave: 0, waves: 0, waveName: '', step: 0, steps: 0, shares: {}, verdict: 'unknown' },
      reason: `${cluster} is lost: ${text}; its calls are moved by: tidegate cluster failover ${cluster} --reason …`,
      ...{ outcome: '', cause: 'none', code: '', absent: [cluster], moved: [] },
    },
  });
