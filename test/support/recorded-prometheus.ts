/** An HTTP server that answers instant queries as Prometheus would, from recorded series. For tests of clients. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';

export interface RecordedPrometheus {
  readonly url: string;
  /** Of every range that was asked for, ms. */
  readonly ranges: readonly number[];
  close(): Promise<void>;
}

export const startRecordedPrometheus = async (
  series: readonly RawSeries[],
  nowMs: number,
): Promise<RecordedPrometheus> => {
  const ranges: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const query = form.get('query') ?? '';
      const toMs = Number(form.get('time')) * 1000;
      if (query !== 'time()') ranges.push(rangeOf(query));
      const data =
        query === 'time()'
          ? { resultType: 'scalar', result: [nowMs / 1000, String(nowMs / 1000)] }
          : { resultType: 'matrix', result: matrixOf(series, { query, toMs }) };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ status: 'success', data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};

const rangeOf = (query: string): number => Number(/\[(\d+)ms\]$/.exec(query)?.[1] ?? 0);

const matrixOf = (series: readonly RawSeries[], { query, toMs }: { query: string; toMs: number }) => {
  const matches = matcherOf(query);
  return series
    .filter(({ labels }) => matches(labels))
    .map(({ labels, samples }) => ({
      metric: labels,
      values: samples
        .filter(({ atMs }) => atMs > toMs - rangeOf(query) && atMs <= toMs)
        .map(({ atMs, value }) => [atMs / 1000, String(value)]),
    }))
    .filter(({ values }) => values.length > 0);
};

const matcherOf = (query: string): ((labels: RawSeries['labels']) => boolean) => {
  const name = /^\w+/.exec(query)?.[0];
  const pairs = [...query.matchAll(/(\w+)(=~?)("(?:[^"\\]|\\.)*")/g)].map(([, label = '', sign, text = '""']) => {
    const value = JSON.parse(text) as string;
    const wanted = sign === '=' ? undefined : new RegExp(`^(?:${value})$`);
    return { label, fits: (found: string) => (wanted === undefined ? found === value : wanted.test(found)) };
  });
  return (labels) =>
    (name === undefined || labels['__name__'] === name) && pairs.every(({ label, fits }) => fits(labels[label] ?? ''));
};
