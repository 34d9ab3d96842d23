/**
 * `npm run bench -- [NAME …] [--repeats N] [--minutes N] [--write]`: runs the benches one after the other, prints a table
 * each, and with --write keeps it under docs/benchmarks/. Exit code 1 when something that must hold did not.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { actionsBench } from './actions.ts';
import { applyBench } from './apply.ts';
import { auditBench } from './audit/audit.ts';
import type { Bench } from './bench.ts';
import { breachBench } from './breach.ts';
import { cliBench } from './cli.ts';
import { doorBench } from './door.ts';
import { fleetBench } from './fleet.ts';
import { healthyBench } from './healthy.ts';
import { historyBench } from './history.ts';
import { hungBench } from './hung.ts';
import { judgeBench } from './judge.ts';
import { lambdaBench } from './lambda.ts';
import { load, machine } from './machine.ts';
import { kubeCallsBench } from './kube-calls.ts';
import { looksBench, looksInOneClusterBench } from './looks.ts';
import { objectsBench } from './objects.ts';
import { pageOf, type Outcome } from './page.ts';
import { plannerBench } from './planner.ts';
import { pushBench } from './push.ts';
import { restartBench } from './restart.ts';
import { settleBench } from './settle.ts';
import { regimesBench } from './simulation/regimes.ts';
import { simulationBench } from './simulation/simulation.ts';
import { holds } from './statistics.ts';
import { storyBench } from './story.ts';
import { watchesBench } from './watches.ts';

const benches = [
  judgeBench,
  breachBench,
  restartBench,
  pushBench,
  actionsBench,
  storyBench,
  settleBench,
  hungBench,
  auditBench,
  historyBench,
  fleetBench,
  applyBench,
  healthyBench,
  watchesBench,
  looksBench,
  looksInOneClusterBench,
  objectsBench,
  cliBench,
  kubeCallsBench,
  doorBench,
  lambdaBench,
  plannerBench,
  regimesBench,
  simulationBench,
];
const pages = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string' },
    minutes: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const numbers = [options.repeats ?? '1', options.minutes].map(Number);
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0 || numbers.some((one) => !Number.isInteger(one) || one < 1)) {
  process.stderr.write(
    `usage: npm run bench -- [NAME …] [--repeats N] [--minutes N] [--write]\n` +
      benches.map(({ name, about }) => `  ${name.padEnd(8)} ${about}\n`).join(''),
  );
  process.exit(2);
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));

for (const bench of benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const outcome = await run(bench);
  const page = pageOf(outcome);
  process.stdout.write(`\n${page}\n`);
  if (options.write) {
    mkdirSync(pages, { recursive: true });
    writeFileSync(`${pages}${bench.name}.md`, page);
    writeFileSync(`${pages}${bench.name}.json`, `${JSON.stringify(outcome, null, 2)}\n`);
  }
  if (outcome.measures.some((measure) => holds(measure) === false)) process.exitCode = 1;
}

async function run(bench: Bench): Promise<Outcome> {
  const repeats = Number(options.repeats ?? bench.repeats);
  const report = (line: string): void => void process.stderr.write(`${bench.name}: ${line}\n`);
  const startedAt = new Date();
  const loadBefore = load();
  const { signal } = interrupted;
  const result = await bench.run({ repeats, minutes: Number(options.minutes), report, signal });
  return {
    name: bench.name,
    repeats,
    startedAt: `${startedAt.toISOString().slice(0, 16)}Z`,
    minutes: Math.ceil((Date.now() - startedAt.getTime()) / 60_000),
    ...result,
    machine: machine(),
    load: [loadBefore, load()],
  };
}
