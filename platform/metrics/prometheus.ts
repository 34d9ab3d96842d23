/**
 * platform/metrics: reads raw counters from a Prometheus-compatible HTTP API.
 *
 *   SeriesQuery ──range()──► POST /api/v1/query `metric{…}[NNNms]` ──► RawSeries[] (samples as stored)
 *
 * Nothing is computed on the server: `rate` and `increase` extrapolate, and lose the first increment of a new series.
 * One client per backend, over kept-alive connections. Every failure is a TidegateError, a partial answer too: a caller
 * must never take missing data for zero. This folder does not know versions, SLOs or verdicts.
 */
import { Agent, request } from 'undici';
import type { PrometheusRef } from '../../core/judge/series/metrics-ref.ts';
import type { MetricsSource } from '../../core/judge/series/source.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { isLoopback } from '../../core/values/loopback.ts';
import { answerError, httpError, parseMatrix, parseScalar } from './answer.ts';
import { asClassic, withNativeHistograms } from './native-histograms.ts';
import { asksForNothing, promqlOf } from './promql.ts';

/** Whole request, ms: a hung backend must cost a watch no more than a few polls. */
const DEADLINE_MS = 5_000;
/** Two clusters' worth of 1 s samples need 100 kB; 32 MiB are 1 M samples. Larger means a wrong selector. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** How long a measured difference of clocks is good for, ms; after a failure it is measured at the next call. */
const CLOCK_FOR_MS = 30_000;

/** Thanos and VictoriaMetrics would else leave out a store that is down, which looks like a cluster without errors. */
const WHOLE_ANSWERS = { partial_response: 'false', deny_partial_response: '1' } as const;
/** The tenant's header of Mimir and Cortex. */
const TENANT_HEADER = 'X-Scope-OrgID';

export interface PrometheusOptions {
  readonly ref: PrometheusRef;
  /** Where `ref.tokenEnv` is looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Our clock, ms since the epoch. */
  readonly now: () => number;
}

export const createPrometheus = (options: PrometheusOptions): MetricsSource => {
  const endpoint = endpointOf(options.ref);
  const token = tokenOf(options);
  const agent = new Agent({ connections: 8, keepAliveTimeout: 30_000, connect: { timeout: 3_000 } });

  const query = async (params: Record<string, string>, signal?: AbortSignal): Promise<unknown> => {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    try {
      const response = await request(endpoint.url, {
        method: 'POST',
        dispatcher: agent,
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...tenantOf(options.ref),
        },
        body: new URLSearchParams({ ...params, ...WHOLE_ANSWERS, timeout: `${DEADLINE_MS}ms` }).toString(),
      });
      const text = await readBounded(response.body, endpoint.name);
      const retryAfter = response.headers['retry-after'];
      if (response.statusCode !== 200) {
        throw httpError({
          where: endpoint.name,
          status: response.statusCode,
          text,
          retryAfter: String(retryAfter ?? ''),
        });
      }
      return answerData(text, endpoint.name);
    } catch (error) {
      signal?.throwIfAborted();
      throw asTidegateError(error, endpoint.name, deadline.aborted);
    }
  };

  return {
    // Stale markers are left out by the backend.
    async range({ series, toMs, rangeMs }, signal) {
      if (asksForNothing(series)) return [];
      const range = `${promqlOf(withNativeHistograms(series))}[${Math.ceil(rangeMs)}ms]`;
      const data = await query({ query: range, time: (toMs / 1000).toFixed(3) }, signal);
      return asClassic(parseMatrix(data, endpoint.name), series);
    },
    clockOffsetMs: createClock({
      now: options.now,
      serverTimeS: async (signal) => parseScalar(await query({ query: 'time()' }, signal), endpoint.name),
    }),
    close: () => agent.close(),
  };
};

interface ClockOptions {
  /** Our clock, ms. */
  readonly now: () => number;
  /** The backend's, s. */
  readonly serverTimeS: (signal?: AbortSignal) => Promise<number>;
}

/** Hundreds of watches share a client: those that come while one asks take the old answer, if there is one. */
const createClock = ({ now, serverTimeS }: ClockOptions): MetricsSource['clockOffsetMs'] => {
  let asking = false;
  let known: { readonly offsetMs: number; readonly atMs: number } | undefined;
  return async (signal) => {
    const startedMs = now();
    if (known && (asking || startedMs - known.atMs < CLOCK_FOR_MS)) return known.offsetMs;
    asking = true;
    try {
      const serverMs = (await serverTimeS(signal)) * 1000;
      const endedMs = now();
      known = { offsetMs: Math.round(serverMs - (startedMs + endedMs) / 2), atMs: endedMs };
      return known.offsetMs;
    } finally {
      asking = false;
    }
  };
};

export interface PrometheusClients {
  readonly connect: (ref: PrometheusRef) => MetricsSource;
  readonly close: () => Promise<void>;
}

/** One client per backend for a worker's whole life: `connect(ref)` gives the same one for the same reference. */
export const createPrometheusClients = (options: Omit<PrometheusOptions, 'ref'>): PrometheusClients => {
  const clients = new Map<string, MetricsSource>();
  return {
    connect(ref) {
      const key = JSON.stringify([ref.url, ref.tokenEnv ?? '', ref.tenant ?? '', ref.tenantHeader ?? '']);
      const client = clients.get(key) ?? createPrometheus({ ...options, ref });
      clients.set(key, client);
      return client;
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
      clients.clear();
    },
  };
};

const endpointOf = (ref: PrometheusRef): { readonly url: string; readonly name: string } => {
  const url = URL.canParse(ref.url) ? new URL(ref.url) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    refuse('Invalid', `the metrics URL is not an http(s) URL`, 'set spec.metrics.prometheus.url of the Mesh');
  }
  if (url.username !== '' || url.password !== '') {
    refuse(
      'Invalid',
      `the metrics URL of ${url.host} holds credentials`,
      'name the environment variable with the token in tokenEnv instead',
    );
  }
  if (ref.tokenEnv !== undefined && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    refuse(
      'Invalid',
      `the metrics URL of ${url.host} is http, and the token would cross the network in the clear`,
      'use https, or leave tokenEnv out',
    );
  }
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  return { url: `${base}/api/v1/query`, name: `Prometheus ${base}` };
};

const tokenOf = ({ ref, env }: PrometheusOptions): string => {
  if (ref.tokenEnv === undefined) return '';
  const token = env[ref.tokenEnv]?.trim() ?? '';
  if (token !== '') return token;
  refuse(
    'Invalid',
    `the worker has no environment variable ${ref.tokenEnv} for the token of the metrics backend`,
    `set ${ref.tokenEnv} for the worker, or remove tokenEnv`,
  );
};

const tenantOf = ({ tenant, tenantHeader = TENANT_HEADER }: PrometheusRef): Record<string, string> =>
  tenant === undefined ? {} : { [tenantHeader]: tenant };

const readBounded = async (body: AsyncIterable<Uint8Array>, where: string): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) {
      refuse(
        'Invalid',
        `${where} answered more than ${MAX_ANSWER_BYTES} bytes`,
        'drop labels with many values (per-request routes, ids) from the service metrics, or lower the resolution of its native histograms',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const answerData = (text: string, where: string): unknown => {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    refuse(
      'Invalid',
      `${where} answered 200 with something that is not JSON`,
      'point the metrics URL at the API base of a Prometheus, not at its UI or a login page',
    );
  }
  const error = answerError(answer, where);
  if (error) throw error;
  return (answer as { data: unknown }).data;
};

/** The causes of transport errors name hosts and ports only; headers (the token) are never part of them. */
const asTidegateError = (error: unknown, where: string, timedOut: boolean): TidegateError => {
  if (error instanceof TidegateError) return error;
  const why = timedOut ? `no answer within ${DEADLINE_MS} ms` : reasonOf(error);
  return new TidegateError('Unavailable', `${where} cannot be read: ${why}`, {
    fix: 'check that the worker reaches the metrics backend',
  });
};

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown failure';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return code !== '' && !error.message.includes(code) ? `${code} ${error.message}` : error.message;
};
