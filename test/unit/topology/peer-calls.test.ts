/** What other clusters' Envoys say of calls to one: by fresh counts of enough calls, each client by itself. */
import { describe, expect, it } from '@jest/globals';
import { countIncrements } from '../../../core/judge/series/counters.ts';
import { peerCalls } from '../../../core/topology/peer-calls.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';

const NOW = 100_000;

interface Given {
  readonly client: string;
  /** Per second. */
  readonly sent: number;
  readonly answered: number;
  /** The last sample, ms. */
  readonly untilMs?: number;
  readonly class?: string;
}

const counter = (labels: Readonly<Record<string, string>>, perSecond: number, untilMs: number): RawSeries => ({
  labels,
  samples: Array.from({ length: 30 }, (_, i) => ({
    atMs: untilMs - (29 - i) * 1_000,
    value: 1_000 + Math.round(i * perSecond),
  })),
});

const seriesOf = ({ client, sent, answered, untilMs = NOW, class: codes = '2' }: Given): RawSeries[] => {
  const labels = { envoy_cluster_name: 'shop_a', k8s_cluster_name: client, instance: client };
  return [
    counter({ ...labels, __name__: 'envoy_cluster_upstream_rq_total' }, sent, untilMs),
    counter(
      { ...labels, __name__: 'envoy_cluster_upstream_rq_xx', envoy_response_code_class: codes },
      answered,
      untilMs,
    ),
  ];
};

const asked = (...given: Given[]) =>
  peerCalls(countIncrements(given.flatMap(seriesOf), 0), {
    ...{ stats: ['shop_a'], cluster: 'lost', nowMs: NOW, sinceMs: 0 },
  });

describe('calls of other clusters', () => {
  it.each([
    ['that are answered', [{ client: 'b', sent: 50, answered: 50 }], 'well'],
    ['that hang: nobody answers', [{ client: 'b', sent: 50, answered: 0 }], 'gone'],
    ['that Envoy answers itself, with 503', [{ client: 'b', sent: 50, answered: 50, class: '5' }], 'gone'],
    ['of which a third is answered say neither', [{ client: 'b', sent: 60, answered: 20 }], 'unknown'],
    ['that are too few', [{ client: 'b', sent: 0.5, answered: 0 }], 'unknown'],
    ['whose counts are old', [{ client: 'b', sent: 50, answered: 0, untilMs: NOW - 11_000 }], 'unknown'],
    ['of its own clients do not count', [{ client: 'lost', sent: 50, answered: 0 }], 'unknown'],
    [
      'fail from one cluster and are answered from another: the way between two of them is broken',
      [
        { client: 'b', sent: 50, answered: 0 },
        { client: 'c', sent: 50, answered: 50 },
      ],
      'well',
    ],
    [
      'fail from one, and the other has none',
      [
        { client: 'b', sent: 50, answered: 0 },
        { client: 'c', sent: 0, answered: 0 },
      ],
      'gone',
    ],
  ] as const)('%s', (_, given, vote) => {
    expect(asked(...given).vote).toBe(vote);
  });

  it('before they were moved count no more, and numbers are told', () => {
    const counted = countIncrements(seriesOf({ client: 'b', sent: 50, answered: 0 }), 0);
    const of = { stats: ['shop_a'], cluster: 'lost', nowMs: NOW };
    expect(peerCalls(counted, { ...of, sinceMs: NOW }).vote).toBe('unknown');
    expect(peerCalls(counted, { ...of, sinceMs: 0 }).text).toBe('b: 0 of 150 answered');
  });
});
