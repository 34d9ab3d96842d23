/**
 * `npm run bench:judge -- [NAME …] [--quick | --part P] [--threads N] [--minutes N] [--keep FILE] [--write]`: simulates what the
 * judges would decide, prints a table each, and with --write keeps it under docs/benchmarks/. Exit code 1 when something
 * that must hold does not. It needs no lab and no network.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from '../machine.ts';
import { aaTable } from './aa.ts';
import { clustersTable } from './clusters.ts';
import { costTable } from './cost.ts';
import { delayTable } from './delay.ts';
import { latencyTable } from './latency.ts';
import { misalignedTable } from './misaligned.ts';
import { holdsAll, pageOf, type Outcome } from './page.ts';
import { peersTable } from './peers.ts';
import { createPool } from './pool.ts';
import { promotionTable } from './promotion.ts';
import { pushesTable } from './pushes.ts';
import type { Table } from './table.ts';

const tables: readonly Table[] = [
  aaTable,
  misalignedTable,
  delayTable,
  promotionTable,
  clustersTable,
  latencyTable,
  costTable,
  peersTable,
  pushesTable,
];
const pages = fileURLToPath(new URL('../../../docs/benchmarks/', import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** A tenth of the runs. */
    quick: { type: 'boolean', default: false },
    /** That part of the runs, 0..1. */
    part: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    /** Time for each table that can end early; 0: as long as it takes. */
    minutes: { type: 'string', default: '0' },
    /** JSON lines of finished simulations: a bench that was cut goes on from there. Only for the same sources. */
    keep: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [threads, minutes] = [Number(options.threads), Number(options.minutes)];
const scale = options.quick ? 0.1 : Number(options.part);
const unknown = positionals.filter((name) => !tables.some((table) => table.name === name));
if (unknown.length > 0 || !Number.isInteger(threads) || threads < 1 || !(minutes >= 0) || !(scale > 0 && scale <= 1)) {
  process.stderr.write(
    'usage: npm run bench:judge -- [NAME …] [--quick | --part P] [--threads N] [--minutes N] [--keep FILE] [--write]\n' +
      tables.map(({ name, about }) => `  ${name.padEnd(10)} ${about}\n`).join(''),
  );
  process.exit(2);
}

const pool = createPool(threads, options.keep);
try {
  for (const table of tables.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const outcome = await run(table);
    const page = pageOf(outcome);
    process.stdout.write(`\n${page}\n`);
    if (options.write) {
      mkdirSync(pages, { recursive: true });
      writeFileSync(`${pages}judge-${table.name}.md`, page);
      writeFileSync(`${pages}judge-${table.name}.json`, `${JSON.stringify(outcome, null, 2)}\n`);
    }
    if (!holdsAll(outcome)) process.exitCode = 1;
  }
} finally {
  await pool.close();
}

async function run(table: Table): Promise<Outcome> {
  const startedAt = new Date();
  const result = await table.run({
    pool,
    scale,
    deadlineMs: minutes === 0 ? Number.POSITIVE_INFINITY : Date.now() + minutes * 60_000,
    report: (line) => void process.stderr.write(`${table.name}: ${line}\n`),
  });
  return {
    name: table.name,
    command: `npm run bench:judge -- ${table.name}${scale === 1 ? '' : ` --part ${scale}`}`,
    startedAt: `${startedAt.toISOString().slice(0, 16)}Z`,
    minutes: Math.ceil((Date.now() - startedAt.getTime()) / 60_000),
    ...result,
    machine: machine(),
  };
}
