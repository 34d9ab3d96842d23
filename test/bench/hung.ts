/** An API server hangs while a version is bad: how long until the other clusters are verified back, and is there a way on? */
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { messageNames, type GiveUpInput } from '../../core/contract/messages.ts';
import type { Bench, BenchContext } from './bench.ts';
import { labText, metricsText } from './settings.ts';
import { assertOutcome, service, steps, withShop, type Shop } from './shop.ts';

const share = 5;
const errors = 0.2;

interface Way {
  /** ms after the first bad response that a client got; of the clusters that answer, the last. */
  readonly written: number;
  readonly proven: number;
  /** From the word of a person to the end of the run, ms. */
  readonly givenUp: number;
}

export const hungBench: Bench = {
  name: 'hung',
  about: 'API server of one cluster hung during a breach → the others verified back; then it is given up',
  repeats: 5,
  async run(context) {
    const found = await withShop({ ...context, name: 'hung' }, (shop) => ways(shop, context));
    const seconds = (pick: (one: Way) => number): number[] => found.map((one) => pick(one) / 1000);
    return {
      title: 'A breach while an API server hangs',
      settings: {
        lab: labText(),
        metrics: metricsText,
        judge: 'sequential (default, warmUp 0 s)',
        canary: `${share} % of every cluster; ${errors * 100} % of its answers are 500 from two seconds after the hang`,
        hang: 'the API server of the last cluster is stopped (SIGSTOP): it accepts connections and never answers',
      },
      measures: [
        {
          what: 'first bad answer → weights written in the others (a look every 0.1 s)',
          unit: 's',
          values: seconds((one) => one.written),
        },
        {
          what: 'first bad answer → traffic of the others verified back',
          unit: 's',
          values: seconds((one) => one.proven),
          bound: { of: 'median', atMost: 12 },
        },
        { what: 'give up → the run has ended', unit: 's', values: seconds((one) => one.givenUp) },
      ],
      notes: [
        'Time 0 is when the first request was sent that a client got a bad answer to; the other moments are those of the rollout (status.back), on the same machine and clock.',
        'After each repeat the server is let go, the settler has nothing left to do, and the next deploy is accepted.',
      ],
    };
  },
};

async function ways(shop: Shop, { repeats, report }: BenchContext): Promise<Way[]> {
  await shop.configure({ rest: steps('10s', share, 100), warm: '10m' });
  report('adopting the service');
  assertOutcome(await shop.play({ kind: 'adopt' }), 'promoted');
  await shop.configure({ rest: steps('120s', share, 100), warm: '10m', judge: 'sequential' });
  const found: Way[] = [];
  for (let i = 1; i <= repeats; i += 1) {
    found.push(await wayBack(shop, `hung-${i}`));
    report(`repeat ${i} of ${repeats}: ${JSON.stringify(found.at(-1))}`);
  }
  return found;
}

async function wayBack(shop: Shop, version: string): Promise<Way> {
  const { lab } = shop.rig;
  const since = Date.now();
  const hung = lab.clusters.at(-1)?.name ?? '';
  let [writtenAt, provenAt, askedAt] = [Number.NaN, Number.NaN, Number.NaN];
  const act = await shop.deploy(version, async (handle) => {
    if (!(await shop.until(handle, ({ phase }) => phase === 'baking'))) throw new Error('it did not get to its bake');
    await lab.break('api-server', hung, 'hung');
    await shop.wait(2_000);
    await lab.break('errors', service, version, '--ratio', String(errors));
    const isBack = await shop.until(handle, (status) => {
      const others = othersOf(status, hung);
      if (others.length === 0 || others.some(({ state }) => state === 'writing')) return false;
      if (Number.isNaN(writtenAt)) writtenAt = Date.now();
      provenAt = Math.max(...others.map(({ atMs }) => atMs));
      return others.every(({ state }) => state === 'verified');
    });
    if (!isBack) throw new Error('the run ended before the others were verified back');
    askedAt = Date.now();
    const word: GiveUpInput = { cluster: hung, reason: 'a bench' };
    await handle.executeUpdate(messageNames.giveUp, { args: [word] });
  });
  await lab.break('heal');
  await shop.retired(act.plan);
  const firstBad = (await lab.traffic.report({ since })).firstBad[version];
  if (firstBad === undefined) throw new Error(`${version} was taken back without a breach: ${act.status.reason}`);
  return { written: writtenAt - firstBad, proven: provenAt - firstBad, givenUp: act.endedAt - askedAt };
}

const othersOf = ({ back = {} }: RolloutStatus, hung: string) =>
  Object.entries(back)
    .filter(([cluster]) => cluster !== hung)
    .map(([, one]) => one);
