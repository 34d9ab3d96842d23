/** False alarms in the lab: rollouts of versions that fail as often as the old one, at the settings of `breach`. */
import type { Bench, BenchContext } from './bench.ts';
import { judge, judgeText, labText, metricsText, slosText } from './settings.ts';
import { service, steps, withShop, type Act, type Shop } from './shop.ts';

const rollouts = 20;
const errors = 0.005;
const bake = '5s';

export const healthyBench: Bench = {
  name: 'healthy',
  about: '20 rollouts with 0.5 % base errors: breaches',
  repeats: rollouts,
  async run(context) {
    const acts = await withShop({ ...context, name: 'healthy' }, (shop) => deployAll(shop, context));
    const count = (wanted: (act: Act) => boolean): number => acts.filter(wanted).length;
    const breaches = count(({ status }) => status.moments.verdict !== null);
    const promoted = count(({ status }) => status.outcome === 'promoted');
    return {
      title: 'Healthy rollouts in the lab',
      settings: {
        lab: labText(),
        metrics: metricsText,
        rollouts: acts.length,
        'base errors': `${errors * 100} % of the answers of every version are 500`,
        rollout: `all 3 clusters at once, 3 steps: 5, 50, 100 %, each baked ${bake}`,
        judge: judgeText(judge),
        SLOs: slosText,
      },
      measures: [
        { what: 'breaches in all', unit: '', values: [breaches], bound: { of: 'every', atMost: 0 } },
        {
          what: 'rollouts that did not end promoted',
          unit: '',
          values: [acts.length - promoted],
          bound: { of: 'every', atMost: 0 },
        },
        { what: 'length of a rollout', unit: 's', values: acts.map((act) => (act.endedAt - act.startedAt) / 1000) },
      ],
      notes: [
        ...(acts.length < context.repeats
          ? [`Interrupted after ${acts.length} of ${context.repeats} rollouts: what must hold is not shown yet.`]
          : []),
        'The objective is 1 % errors: a step with more than that by chance is held until it has fewer, so a rollout may take longer than its bakes.',
        ...acts
          .filter(({ status }) => status.outcome !== 'promoted')
          .map(({ plan, status }) => `${plan.version} ended ${status.outcome ?? status.phase}: ${status.reason}`),
      ],
    };
  },
};

async function deployAll(shop: Shop, { repeats, report, signal }: BenchContext): Promise<Act[]> {
  await shop.configure({ rest: steps(bake, 5, 50, 100), warm: '1s' });
  await shop.rig.lab.break('errors', service, '*', '--ratio', String(errors));
  await shop.play({ kind: 'adopt' });
  const acts: Act[] = [];
  for (let i = 1; i <= repeats; i++) {
    try {
      acts.push(await shop.deploy(`healthy-${i}`));
    } catch (error) {
      // Twenty rollouts take long: an interrupt keeps those that have ended.
      if (signal.aborted && acts.length > 0) break;
      throw error;
    }
    const { outcome, phase } = acts.at(-1)?.status ?? {};
    report(`rollout ${i} of ${repeats}: ${outcome ?? phase ?? ''}`);
  }
  return acts;
}
