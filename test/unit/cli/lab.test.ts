import { describe, expect, it } from '@jest/globals';
import { trafficText } from '../../../cli/lab/traffic-text.ts';
import { run } from '../../../cli/program.ts';
import type { TrafficFailure, TrafficGroup, TrafficReport } from '../../../infra/lab/load/report.ts';
import { textIo } from '../../support/text-io.ts';

const group = (change: Partial<TrafficGroup>): TrafficGroup => ({
  ...{ service: 'checkout', client: 'aws', node: 'n1', connection: 'new', version: 'v1', serving: 'aws' },
  ...{ outcome: 'ok', count: 1 },
  ...change,
});

const failure: TrafficFailure = {
  ...{ at: 1_000, service: 'checkout', client: 'aws', node: 'n1', connection: 'new', version: 'v2' },
  ...{ serving: 'aws', kind: '5xx', status: 500, detail: 'boom' },
};

const report = (change: Partial<TrafficReport>): TrafficReport => ({
  ...{ since: 0, until: 1_000, requests: 0, failed: 0, groups: [], failures: [], latency: null },
  ...{ latencyBins: [], firstBad: {}, inFlight: 0 },
  ...change,
});

describe('lab traffic report', () => {
  it('is a table: a line per caller and answer, whatever node and connection, with its share and its failures', () => {
    const groups = [
      group({ count: 600 }),
      group({ count: 300, connection: 'kept' }),
      group({ count: 90, version: 'v2' }),
      group({ count: 10, version: 'v2', outcome: '5xx', node: 'n2' }),
    ];
    const latency = { p50: 1.234, p99: 9.87, max: 20 };
    const text = trafficText(
      report({ requests: 1_000, failed: 10, groups, latency, failures: [failure], inFlight: 2 }),
    );
    expect(text).toBe(`1000 requests, 10 failed (1.0 %), 2 under way; p50 1.23 ms, p99 9.87 ms, max 20 ms

SERVICE   CALLED FROM  VERSION  ANSWERED IN  REQUESTS   SHARE  FAILED  HOW
checkout  aws          v1       aws               900  90.0 %       0
checkout  aws          v2       aws               100  10.0 %      10  5xx 10

The first 1 of 10 failures (all: -o json):
  1970-01-01T00:00:01.000Z  aws/n1 → v2 in aws: 5xx boom
`);
  });

  it('says that nothing was sent, and how to send something', () => {
    expect(trafficText(report({}))).toContain('Start some: tidegate lab traffic SERVICE');
  });
});

const help = async (...args: string[]): Promise<string> => {
  const io = textIo();
  expect(await run([...args, '--help'], io)).toBe(0);
  return io.out;
};

describe('help of lab', () => {
  it('names and describes every subcommand', async () => {
    const text = await help('lab');
    for (const verb of ['up', 'down', 'status', 'logs', 'exec', 'traffic', 'break'])
      expect(text).toMatch(new RegExp(`^ {2}${verb} .*\\S`, 'm'));
    expect(text).toContain('Examples:');
  });

  it.each(['up', 'down', 'status', 'logs', 'exec', 'traffic', 'break'])('%s has examples of its own', async (verb) => {
    const text = await help('lab', verb);
    expect(text).toMatch(new RegExp(`Examples:\n.*tidegate lab ${verb}`));
  });

  it('of break lists what can fail', async () => {
    expect(await help('lab', 'break')).toMatch(/errors SERVICE VERSION --ratio R[^]*heal +puts everything right/);
  });

  it('does not take a word for a lab that is up: unknown verbs and labs are refused', async () => {
    const io = textIo({ TIDEGATE_LAB: 'nobody' });
    expect(await run(['lab', 'frobnicate'], io)).toBe(2);
    expect(await run(['lab', 'traffic', 'report'], io)).not.toBe(0);
    expect(io.err).toContain('The lab nobody is not up');
    expect(await run(['lab', 'break', '--name', 'other', 'errors', 'checkout', 'v2', '--ratio', '0.1'], io)).not.toBe(
      0,
    );
    expect(io.err).toContain('The lab other is not up');
  });
});
