import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Io } from '../../../cli/io.ts';
import { run } from '../../../cli/program.ts';
import { recordingLines, type Recording } from '../../../core/judge/recording/recording.ts';
import { recordedTraffic, SINCE_MS, type Traffic } from '../../support/recorded-traffic.ts';
import { startRecordedPrometheus } from '../../support/recorded-prometheus.ts';

/** A replay is hundreds of looks, which take a second or two; on a machine that is busy with other tests many more. */
const BUSY_MS = 60_000;
const itReplays = (name: string, body: () => Promise<void>): void => it(name, body, BUSY_MS);

const folder = mkdtempSync(join(tmpdir(), 'tidegate-judge-'));
afterAll(() => rmSync(folder, { recursive: true }));

const traffic: Traffic = {
  seed: 7,
  seconds: 200,
  newPerS: 10,
  oldPerS: 90,
  newErrors: () => 0.002,
  oldErrors: 0.002,
};
const healthy = recordedTraffic(traffic);
const broken = recordedTraffic({ ...traffic, newErrors: (s) => (s < 100 ? 0.002 : 0.2) });

const textOf = (recording: Recording): string => recordingLines(recording).join('\n');
const pathTo = (name: string): string => join(folder, name);
const fileOf = (name: string, text: string): string => {
  writeFileSync(pathTo(name), text);
  return pathTo(name);
};

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const judge = async (argv: readonly string[], more: Partial<Io> = {}): Promise<Ran> => {
  const [out, err]: [string[], string[]] = [[], []];
  const io: Io = {
    stdout: (text) => void out.push(text),
    stderr: (text) => void err.push(text),
    columns: 0,
    env: {},
    now: () => SINCE_MS + 600_000,
    sleep: async () => undefined,
    signal: new AbortController().signal,
    ...more,
  };
  return { code: await run(['judge', ...argv], io), out: out.join(''), err: err.join('') };
};

describe('tidegate judge --counts', () => {
  const brokenFile = fileOf('broken.jsonl', textOf(broken));
  const healthyFile = fileOf('healthy.jsonl', textOf(healthy));

  itReplays('ends at the breach as a rollout would, with exit code 3', async () => {
    const { code, out } = await judge(['--counts', brokenFile]);
    expect(code).toBe(3);
    const lines = out.split('\n');
    expect(lines[0]).toContain('2026-11-24 12:00:02Z  +2s       ? unknown');
    expect(out).toMatch(/✗ breach {3}v2 in aws failed .*a breach from 300 : 1 on/);
    expect(out).toContain('BREACH in the end');
    expect(out).toMatch(/breach first after 1m \d+s \(2026-11-24 12:01:/);
    expect(out).toMatch(/server-errors, aws: new \d+ of \d+ .*, old \d+ of \d+/);
    expect(out).not.toContain('log10');
  });

  itReplays('has exit code 0 when healthy in the end, and 4 when that was not to be known', async () => {
    expect((await judge(['--counts', healthyFile])).code).toBe(0);
    expect((await judge(['--counts', healthyFile, '--to', '2026-11-24T12:01:10Z'])).code).toBe(4);
  });

  itReplays('prints a line per change only, and one after --every looks in any case', async () => {
    const lines = async (...argv: string[]): Promise<number> =>
      (await judge(['--counts', healthyFile, '--judge', 'threshold', ...argv])).out.split('\n').indexOf('');
    expect(await lines('--every', '1000')).toBeLessThanOrEqual(4);
    expect(await lines('--every', '1')).toBe(100);
  });

  itReplays('takes judge, warm-up, interval and SLOs from the command line', async () => {
    const { out } = await judge([
      ...['--counts', brokenFile, '--judge', 'threshold', '--warm-up', '1m', '--interval', '10s'],
      ...['--slo', 'server-errors', '--every', '1'],
    ]);
    expect(out).toContain('looks of the threshold judge');
    expect(out.split('\n')[0]).toContain('+10s');
    expect(out).not.toContain('envoy-errors');
  });

  itReplays('gives one object per look with -o json, and nothing else on stdout', async () => {
    const { out } = await judge(['--counts', brokenFile, '-o', 'json', '--to', '2026-11-24T12:00:20Z']);
    const looks = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(looks).toHaveLength(9);
    expect(looks[0]).toMatchObject({
      at: '2026-11-24T12:00:02.000Z',
      afterMs: 2_000,
      verdict: 'unknown',
      breached: [],
    });
    expect(looks[0]?.['readings']).toHaveLength(2);
  });

  itReplays('reads stdin for -', async () => {
    const stdin = (async function* () {
      yield Buffer.from(textOf(broken));
    })();
    expect((await judge(['--counts', '-'], { stdin })).code).toBe(3);
  });

  it.each([
    [[], 'SERVICE, --version, --from is missing'],
    [['--counts', '/no/such'], '/no/such cannot be read: there is no such file'],
    [['--counts', fileOf('bad.jsonl', `${textOf(broken)}\nx`)], 'bad.jsonl:14: is not JSON'],
    [['--counts', healthyFile, '--cluster', 'moon'], 'no calls go to a cluster moon'],
    [['--counts', healthyFile, '--slo', 'speed'], 'there is no SLO speed'],
    [['--counts', healthyFile, '--version', 'v3'], '--version: does not go with --counts'],
    [['--counts', healthyFile, '--share', '101'], '--share 101 is no percentage'],
    [['--counts', healthyFile, '--interval', '1ms'], '--interval 1ms is too short'],
    [['--counts', healthyFile, '--from', 'yesterday'], '--from yesterday is no time'],
    [['--counts', healthyFile, '--from', '2026-11-24T12:00:00'], 'is no time'],
    [['--counts', healthyFile, '--to', '2026-11-24T11:00:00Z'], '--to is not after --from'],
    [['--counts', healthyFile, '--to', '2026-11-24T12:00:01Z'], 'the range is too short for a look'],
    [['--counts', healthyFile, '--every', '0'], '--every 0 is no number of looks'],
    [['--counts', healthyFile, '--judge', 'fortune'], "'fortune' is invalid"],
    [['checkout', '--version', 'v2', '--from', '-2h'], 'there is no config that names the metrics backend'],
    [['checkout', '--version', 'v2', '--from', '-0s'], '--to is not after --from'],
  ])(
    'refuses %j with exit code 2',
    async (argv, message) => {
      const { code, out, err } = await judge(argv);
      expect(err).toContain(message);
      expect(code).toBe(2);
      expect(out).toBe('');
    },
    BUSY_MS,
  );

  itReplays('draws the evidence, of the sequential judge as a shadow when another one decides', async () => {
    const svg = pathTo('evidence.svg');
    const { out, err } = await judge(['--counts', brokenFile, '--judge', 'threshold', '--chart', '--svg', svg]);
    expect(out).toContain('log10 e-value of');
    expect(err).toBe(`wrote ${svg}\n`);
    expect(readFileSync(svg, 'utf8')).toContain('says the threshold judge');
  });
});

describe('tidegate judge SERVICE', () => {
  let prometheus: Awaited<ReturnType<typeof startRecordedPrometheus>>;
  beforeAll(async () => {
    prometheus = await startRecordedPrometheus(broken.series, SINCE_MS + 600_000);
    const mesh = {
      apiVersion: 'tidegate.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'shop' },
      spec: {
        clusters: [
          { name: 'aws', cilium: { id: 1 }, locality: { cloud: 'aws', region: 'r' }, kubeconfig: { path: 'k.yaml' } },
        ],
        metrics: { prometheus: { url: prometheus.url } },
      },
    };
    const service = {
      apiVersion: 'tidegate.dev/v1alpha1',
      kind: 'Service',
      metadata: { name: 'checkout', namespace: 'shop' },
      spec: { mesh: 'shop', workload: 'external' },
    };
    fileOf('config.yaml', `${JSON.stringify(mesh)}\n---\n${JSON.stringify(service)}\n`);
  });
  afterAll(() => prometheus.close());

  itReplays('says of a range what it says of the file that it recorded of it', async () => {
    const env = { TIDEGATE_CONFIG: pathTo('config.yaml') };
    const record = pathTo('recorded.jsonl');
    const read = await judge(
      ['checkout', '--version', 'v2', '--replaces', 'v1', '--from', '-10m', '--record', record, '-o', 'json'],
      { env },
    );
    expect(read.err).toBe(`${record}: 12 series\n`);
    expect(read.code).toBe(3);
    const header = JSON.parse(readFileSync(record, 'utf8').split('\n')[0] ?? '') as Record<string, unknown>;
    expect(header).toMatchObject({ schema: 1, service: 'checkout', clusters: { aws: ['aws'] }, sinceMs: SINCE_MS });
    expect(header['sharePercent']).toBeGreaterThan(9);
    expect(header['sharePercent']).toBeLessThan(11);
    const again = await judge(['--counts', record, '-o', 'json'], { env });
    expect(again).toMatchObject({ code: 3, out: read.out });
    // A rollout's ranges are ten minutes at most: what answers those answers these.
    expect(Math.max(...prometheus.ranges)).toBeLessThanOrEqual(600_000);
  });
});

describe('docs/examples/counts.jsonl', () => {
  itReplays(
    'is a recording that docs/how-to/tune-slos.md can speak of: healthy at first, and then a breach',
    async () => {
      const example = join(import.meta.dirname, '../../../docs/examples/counts.jsonl');
      const { code, out } = await judge(['--counts', example]);
      expect(code).toBe(3);
      expect(out).toMatch(/ ✓ healthy [^]* ✗ breach /);
    },
  );
});
