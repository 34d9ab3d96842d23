/** How often the judge cries wolf and how soon it sees a fault, on simulated traffic: many more bakes than a lab can run. */
import { simulateFaults, simulateHealthyBakes, type Simulation } from '../support/simulated-bakes.ts';
import type { Bench } from './bench.ts';
import { judge, judgeText, metricsIntervalMs } from './settings.ts';
import { quantile } from './statistics.ts';

const bakes = 1_000;
const runs = 500;
const seconds = 60;
const perSecond = 10;

export const judgeBench: Bench = {
  name: 'judge',
  about: 'false alarms in 1 000 simulated healthy bakes, and time to see 20 % errors (each repeat has its own seed)',
  repeats: 5,
  async run({ repeats, report, signal }) {
    const seeds = Array.from({ length: repeats }, (_, i) => i + 1);
    const results = seeds.map((seed) => {
      signal.throwIfAborted();
      report(`seed ${seed} of ${repeats}`);
      return once({ seed, settings: judge, sampleMs: metricsIntervalMs, perSecond });
    });
    const of = (pick: (result: (typeof results)[number]) => number): number[] => results.map(pick);
    return {
      title: 'The judge on simulated bakes',
      settings: {
        judge: judgeText(judge),
        metrics: `a sample every ${metricsIntervalMs / 1000} s`,
        traffic: `${perSecond} requests/s of the new version in each cluster (5 % of 200), Poisson`,
        'healthy bakes': `${bakes} of ${seconds} s over 3 clusters, 0.5 % errors, target 99 %`,
        faults: `${runs} each, one cluster, 20 % errors from the first request or after 30 s`,
        seeds: seeds.join(', '),
      },
      measures: [
        {
          what: 'false breaches in 1 000 healthy bakes',
          unit: '',
          values: of((one) => one.breaches),
          bound: { of: 'every', atMost: 10 },
        },
        { what: 'healthy at the end of the bake', unit: '', values: of((one) => one.healthyAtEnd) },
        {
          what: 'fault from the first request: median time to the breach',
          unit: 's',
          values: of((one) => one.atOnce.median),
        },
        { what: 'fault from the first request: 95 % within', unit: 's', values: of((one) => one.atOnce.p95) },
        { what: 'fault in mid-bake: median time to the breach', unit: 's', values: of((one) => one.later.median) },
        { what: 'fault in mid-bake: 95 % within', unit: 's', values: of((one) => one.later.p95) },
      ],
      notes: [
        'Times run from the begin of the sample interval of the first bad request to the look that breaches, in steps of the look; metrics are there at once. What a lab adds is in breach.md.',
        'A bake that is not healthy at its end is unknown: it had more than 1 % errors by chance and would hold a little longer.',
      ],
    };
  },
};

function once(simulation: Simulation) {
  const faults = (startsAt: number): { median: number; p95: number } => {
    const delays = simulateFaults(simulation, { runs, startsAt, errors: 0.2 }).map((ms) => ms / 1000);
    return { median: quantile(delays, 0.5), p95: quantile(delays, 0.95) };
  };
  return {
    ...simulateHealthyBakes(simulation, { bakes, seconds, errors: 0.005 }),
    atOnce: faults(0),
    later: faults(30),
  };
}
