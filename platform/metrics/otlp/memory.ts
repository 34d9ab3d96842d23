/** The series that are kept, by the process that reports them, within bounds. */
import type { Labels } from './labels.ts';
import { RETENTION_MS, sampleBytes, streamBytes, type Limits } from './limits.ts';
import type { Point } from './points.ts';
import { newProcess, type Process } from './process.ts';
import { insert, type Kept, type Stream } from './stream.ts';

export interface Memory {
  /** A new one when there is none; undefined: there is no room for it. */
  processOf(resource: Labels): Process | undefined;
  /** The same, for the series of a point. */
  streamOf(process: Process, point: Point): Stream | undefined;
  hasRoomFor(point: Point): boolean;
  add(stream: Stream, point: Point, at: { readonly index: number; readonly startMs: Kept['startMs'] }): void;
  /** Forgets what is older than the retention, and series without samples. */
  sweep(nowMs: number): void;
  streamsNamed(names: Iterable<string>): Stream[];
}

export const createMemory = (limits: Limits): Memory => {
  const processes = new Map<string, Process>();
  const byName = new Map<string, Set<Stream>>();
  const used = { bytes: 0, streams: 0 };

  const hasRoom = (bytes: number): boolean => used.bytes + bytes <= limits.bytes;

  const dropOldest = (stream: Stream, samples: number): void => {
    const dropped = stream.samples.splice(0, samples);
    stream.droppedToMs = dropped.at(-1)?.atMs ?? stream.droppedToMs;
    used.bytes -= dropped.reduce((sum, sample) => sum + sampleBytes(sample), 0);
  };

  const forget = (process: Process, key: string, stream: Stream): void => {
    process.streams.delete(key);
    byName.get(stream.name)?.delete(stream);
    used.bytes -= stream.bytes;
    used.streams -= 1;
  };

  return {
    processOf(resource) {
      const key = JSON.stringify(resource);
      const known = processes.get(key);
      const bytes = streamBytes(resource);
      if (known !== undefined || !hasRoom(bytes)) return known;
      const process = newProcess(resource);
      processes.set(key, process);
      used.bytes += bytes;
      return process;
    },
    streamOf(process, point) {
      const key = JSON.stringify([point.name, point.value.kind, point.labels]);
      const known = process.streams.get(key);
      const bytes = streamBytes(point.labels);
      if (known !== undefined || !hasRoom(bytes) || used.streams >= limits.streams) return known;
      const stream = newStream(process, point, bytes);
      process.streams.set(key, stream);
      byName.set(stream.name, (byName.get(stream.name) ?? new Set()).add(stream));
      used.bytes += bytes;
      used.streams += 1;
      return stream;
    },
    hasRoomFor: (point) => hasRoom(sampleBytes(point)),
    add(stream, point, at) {
      insert(stream, point, at);
      used.bytes += sampleBytes(point);
      if (stream.samples.length > limits.samplesPerStream) dropOldest(stream, 1);
    },
    sweep(nowMs) {
      for (const [key, process] of processes) {
        for (const [streamKey, stream] of process.streams) {
          const young = stream.samples.findIndex(({ atMs }) => atMs > nowMs - RETENTION_MS);
          if (young !== 0) dropOldest(stream, young === -1 ? stream.samples.length : young);
          if (young === -1) forget(process, streamKey, stream);
        }
        if (process.streams.size > 0) continue;
        processes.delete(key);
        used.bytes -= streamBytes(process.labels);
      }
    },
    streamsNamed: (names) => [...names].flatMap((name) => [...(byName.get(name) ?? [])]),
  };
};

const newStream = ({ labels: resource, arrivals }: Process, { name, labels, value }: Point, bytes: number): Stream => ({
  name,
  kind: value.kind,
  labels: { ...resource, ...labels },
  samples: [],
  arrivals,
  bytes,
  droppedToMs: 0,
});
