/** What other clusters' Envoys say of calls to one: by fresh counts of enough calls, each client by itself. */
import { describe, expect, it } from '@jest/globals';
import { countIncrements } from '../../../core/judge/series/counters.ts';
import { peerCalls } from '../../../core/topology/peer-calls.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';

const NOW = 10_000_000;

interface Given {
  readonly client: string;
  /** The subset that is called; default: shop_a. */
  readonly stat?: string;
  /** Per second. */
  readonly sent: number;
  readonly answered: number;
  /** The last sample, ms. */
  readonly untilMs?: number;
  readonly class?: string;
  /** Between two samples, ms. */
  readonly everyMs?: number;
}

const seriesOf = ({ client, sent, answered, untilMs = NOW, ...given }: Given): RawSeries[] => {
  const { stat = 'shop_a', class: codes = '2', everyMs = 1_000 } = given;
  const labels = { envoy_cluster_name: stat, k8s_cluster_name: client, instance: client };
  const counter = (more: Readonly<Record<string, string>>, perSecond: number): RawSeries => ({
    labels: { ...labels, ...more },
    samples: Array.from({ length: 30 }, (_, i) => ({
      atMs: untilMs - (29 - i) * everyMs,
      value: 1_000 + Math.round((i * perSecond * everyMs) / 1_000),
    })),
  });
  return [
    counter({ __name__: 'envoy_cluster_upstream_rq_total' }, sent),
    counter({ __name__: 'envoy_cluster_upstream_rq_xx', envoy_response_code_class: codes }, answered),
  ];
};

/** Services of one client with so many calls a second each. */
const thin = (services: number, perSecond: number, answered: number): Given[] =>
  Array.from({ length: services }, (_, i) => ({
    ...{ client: 'b', stat: `thin_${String(i)}`, sent: perSecond, answered: answered * perSecond },
  }));

const asked = (...given: Given[]) =>
  peerCalls(countIncrements(given.flatMap(seriesOf), 0), {
    ...{ stats: ['shop_a', ...thin(20, 0, 0).map(({ stat = '' }) => stat)], cluster: 'lost', nowMs: NOW, sinceMs: 0 },
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
    [
      'of one busy service fail, and those of the others are answered: it is broken itself',
      [{ client: 'b', sent: 1_000, answered: 1_000, class: '5' }, ...thin(20, 2.5, 1)],
      'well',
    ],
    [
      'of one busy service fail, and the others have few: they are heard, too',
      [{ client: 'b', sent: 1_000, answered: 0 }, ...thin(20, 0.1, 1)],
      'well',
    ],
    [
      'of one service with hardly enough of them fail',
      [{ client: 'b', sent: 6.4, answered: 0 }, ...thin(20, 0.1, 1)],
      'well',
    ],
    ['of many services fail, each of which has too few', thin(20, 0.1, 0), 'gone'],
    ['that are counted once a minute', [{ client: 'b', sent: 1, answered: 0, everyMs: 60_000 }], 'gone'],
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
