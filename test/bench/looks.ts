/** How soon after the errors can be seen is the traffic back? Metrics every 5 s, the default judge, as the peers were measured. */
import { statName } from '../../core/routing/names.ts';
import type { Bench, BenchContext } from './bench.ts';
import { labText, slosText } from './settings.ts';
import { assertOutcome, service, steps, withShop, type Shop } from './shop.ts';
import { median, quantile } from './statistics.ts';

const share = 5;
const errors = 0.2;
const intervalMs = 5_000;
/** Good time before the fault, ms; and the phase of the metrics that the onsets are spread over. */
const goodMs = 8_000;
/** Errors that no judge could do with fewer of. */
const enough = 3;
/** Between two questions to the store, ms. */
const askMs = 50;

interface Way {
  /** ms after the first bad answer that a client got. */
  readonly visible: number;
  readonly verdict: number;
  readonly written: number;
}

/** @param clusters of the mesh; the canary is a part of the first one */
const looks = (name: string, clusters: number): Bench => ({
  name,
  about: `metrics every 5 s, ${clusters === 1 ? 'one cluster' : `${clusters} clusters`}: the third error is in the store → weight 0 is written`,
  repeats: 20,
  async run(context) {
    const ways = await withShop({ ...context, name, clusters, metricsIntervalMs: intervalMs }, (shop) =>
      measure(shop, { ...context, clusters }),
    );
    const seconds = (pick: (way: Way) => number): number[] => ways.map((way) => pick(way) / 1000);
    const [visible, written] = [seconds((way) => way.visible), seconds((way) => way.written)];
    const ratio = median(written) / median(visible);
    return {
      title: 'Looks follow the samples',
      settings: {
        lab: labText(undefined, clusters),
        metrics: `pods push and Envoys are scraped every ${intervalMs / 1000} s`,
        canary: `${share} % of one cluster, ${errors * 100} % of its answers are 500 from ${goodMs / 1000} to ${(goodMs + intervalMs) / 1000} s into the bake on`,
        judge: 'sequential with its defaults (warmUp 0 s)',
        SLOs: slosText,
      },
      measures: [
        { what: `error ${enough} is in the store`, unit: 's', values: visible },
        { what: 'the verdict', unit: 's', values: seconds((way) => way.verdict) },
        { what: 'weight 0 is written', unit: 's', values: written },
        { what: 'weight 0 after the verdict', unit: 's', values: seconds((way) => way.written - way.verdict) },
        {
          what: 'weight 0 after the third error was in the store',
          unit: 's',
          values: seconds((way) => way.written - way.visible),
        },
        {
          what: 'median to weight 0, over the median to the third error in the store',
          unit: '×',
          values: [ratio],
          bound: { of: 'every', atMost: 1.4 },
        },
      ],
      notes: [
        'Time 0 is when the first request was sent that a client got a bad answer to.',
        `In the store: Prometheus, asked every ${askMs} ms, counts ${enough} bad answers of the version, as its pods or as the Envoys tell it.`,
        `Quartiles of the time between: ${[0.25, 0.75]
          .map((q) =>
            quantile(
              seconds((way) => way.written - way.visible),
              q,
            ).toFixed(2),
          )
          .join(' and ')} s.`,
      ],
    };
  },
});

export const looksBench = looks('looks', 3);
export const looksInOneClusterBench = looks('looks-1', 1);

async function measure(shop: Shop, { repeats, report, clusters }: BenchContext & { clusters: number }): Promise<Way[]> {
  const canary = steps('60s', share, 100);
  const rollout = clusters === 1 ? { rest: canary, warm: '10m' } : { canary, rest: steps('10s', 100), warm: '10m' };
  await shop.configure(rollout);
  report('adopting the service');
  await shop.wait(2 * intervalMs);
  assertOutcome(await shop.play({ kind: 'adopt' }), 'promoted');
  await shop.configure({ ...rollout, judge: 'sequential' });
  const ways: Way[] = [];
  for (let i = 0; i < repeats; i++) {
    report(`repeat ${i + 1} of ${repeats}`);
    ways.push(await wayBack(shop, `looks-${i + 1}`, goodMs + ((i + 0.5) / repeats) * intervalMs));
  }
  return ways;
}

async function wayBack(shop: Shop, version: string, afterMs: number): Promise<Way> {
  const { lab } = shop.rig;
  const since = Date.now();
  const asking = new AbortController();
  let visibleAt: Promise<number> | undefined;
  const act = await shop.deploy(version, async (handle) => {
    if (!(await shop.until(handle, ({ phase }) => phase === 'baking'))) return;
    await shop.wait(afterMs);
    await lab.break('errors', service, version, '--ratio', String(errors), '--cluster', shop.first);
    visibleAt = visible(shop, version, asking.signal);
    visibleAt.catch(() => undefined);
  });
  try {
    assertOutcome(act, 'restored');
    await shop.retired(act.plan);
    await lab.break('heal');
    const firstBad = (await lab.traffic.report({ since })).firstBad[version];
    const { verdict, written } = act.status.moments;
    const seenAt = await visibleAt;
    if (firstBad === undefined || verdict === null || written === null || seenAt === undefined)
      throw new Error(`${version} was taken back without errors that anybody saw: ${act.status.reason}`);
    return { visible: seenAt - firstBad, verdict: verdict - firstBad, written: written - firstBad };
  } finally {
    asking.abort();
  }
}

/** When the store has enough errors of the version, ms since the epoch. */
async function visible(shop: Shop, version: string, signal: AbortSignal): Promise<number> {
  const stat = statName({ namespace: 'shop', service, version, cluster: shop.first });
  const queries = [
    `sum(http_server_request_duration_seconds_count{service_version="${version}",http_response_status_code=~"5.."})`,
    `sum(envoy_cluster_upstream_rq_xx{envoy_cluster_name="${stat}",envoy_response_code_class="5"})`,
  ];
  for (;;) {
    signal.throwIfAborted();
    const counts = await Promise.all(queries.map((query) => valueOf(shop.rig.lab.env.PROMETHEUS_URL, query, signal)));
    if (Math.max(...counts) >= enough) return Date.now();
    await shop.wait(askMs);
  }
}

async function valueOf(url: string, query: string, signal: AbortSignal): Promise<number> {
  const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query }).toString()}`, { signal });
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}
