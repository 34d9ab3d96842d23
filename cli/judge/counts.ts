/** Where recorded counts come from: a file, or a range of the mesh's metrics backend. */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { listenerQuery } from '../../core/judge/look/listener.ts';
import { queriesOf } from '../../core/judge/look/sources.ts';
import { parseRecording } from '../../core/judge/recording/parse-recording.ts';
import {
  MAX_RECORDING_BYTES,
  recordingLines,
  type Recording,
  type RecordingHeader,
} from '../../core/judge/recording/recording.ts';
import type { ReachableConfig } from '../../core/config/types.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { createPrometheus } from '../../platform/metrics/prometheus.ts';
import { readLongRange } from '../../platform/metrics/read-long-range.ts';
import type { Io } from '../io.ts';
import { rulesOf, watchInputOf, withShare } from './watch-input.ts';

/** Read from before the share was written, ms: as much of the old version's past as a rollout reads (watch-slo-past.ts). */
const BEFORE_MS = 65 * 60_000;

/** `-` is stdin. */
export const readRecording = async (path: string, { stdin }: Pick<Io, 'stdin'>): Promise<Recording> => {
  const input = path === '-' ? (stdin ?? []) : createReadStream(path);
  const name = path === '-' ? 'stdin' : path;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of input as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > MAX_RECORDING_BYTES) throw new RangeError(`is larger than ${MAX_RECORDING_BYTES} bytes`);
      chunks.push(chunk);
    }
    return parseRecording(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)), name);
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    refuse('Invalid', `${name} cannot be read: ${reasonOf(error)}`, 'name a file that tidegate judge --record wrote');
  }
};

const reasonOf = (error: unknown): string => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  return code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8 text' : message;
};

export const writeRecording = async (path: string, recording: Recording): Promise<void> => {
  try {
    await writeFile(path, `${recordingLines(recording).join('\n')}\n`);
  } catch (error) {
    refuse('Invalid', `${path} cannot be written: ${(error as Error).message}`, 'name a file in a folder that exists');
  }
};

/** Which traffic is read back. Times on our clock. */
export interface Range {
  readonly newVersion: string;
  /** '' = nothing to compare with. */
  readonly oldVersion: string;
  /** Serving clusters; empty = all. */
  readonly clusters: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** Everything that any judge may look at for the Service's SLOs. */
export const recordRange = async (config: ReachableConfig, range: Range, io: Io): Promise<Recording> => {
  const { mesh, service } = config;
  if (mesh.metrics === null) {
    refuse(
      'Invalid',
      `mesh ${mesh.name} names no metrics backend`,
      'set spec.metrics.prometheus.url of the Mesh document',
    );
  }
  if (mesh.metrics.kind === 'otlp') {
    refuse(
      'Invalid',
      `mesh ${mesh.name} has its counts in its workers, which keep minutes of them`,
      'replay a file with --counts, or name a Prometheus-compatible backend in the Mesh document',
    );
  }
  const clusters = clustersOf(config, range.clusters);
  const metrics = createPrometheus({ ref: mesh.metrics, env: io.env, now: io.now });
  try {
    const offsetMs = await metrics.clockOffsetMs(io.signal);
    const header: RecordingHeader = {
      schema: 1,
      namespace: service.namespace,
      service: service.name,
      versions: { new: range.newVersion, old: range.oldVersion },
      clusters,
      sinceMs: range.fromMs + offsetMs,
      toMs: range.toMs + offsetMs,
    };
    // With the sequential judge, so that every edge of histograms is there.
    const input = watchInputOf({ header, series: [] }, rulesOf(service, { evidence: true }));
    const queries = [...queriesOf(input), listenerQuery(input)];
    const asked = { queries, fromMs: header.sinceMs - BEFORE_MS, toMs: range.toMs + offsetMs };
    return withShare({ header, series: await readLongRange(metrics, asked, io.signal) }, service);
  } finally {
    await metrics.close();
  }
};

/** Per serving cluster: the client clusters whose calls it answers. */
const clustersOf = ({ mesh, service }: ReachableConfig, wanted: readonly string[]): RecordingHeader['clusters'] => {
  const names = mesh.clusters.map(({ ref }) => ref.name);
  const clientsOf = (serving: string): string[] =>
    service.topology === null
      ? [serving]
      : Object.entries(service.topology).flatMap(([client, shares]) => ((shares[serving] ?? 0) > 0 ? [client] : []));
  const routed = names.filter((name) => clientsOf(name).length > 0);
  return Object.fromEntries(among(routed, wanted).map((name) => [name, clientsOf(name)]));
};

/** Empty = all of them. */
export const among = (known: readonly string[], wanted: readonly string[]): readonly string[] => {
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length === 0) return wanted.length === 0 ? known : known.filter((name) => wanted.includes(name));
  refuse('Invalid', `no calls go to a cluster ${unknown.join(', ')}`, `name one of ${known.join(', ')}`);
};
