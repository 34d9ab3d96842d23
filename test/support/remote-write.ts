/** Prometheus' remote-write protocol 1.0, as Prometheus and vmagent speak it: protobuf in a snappy block. */
import protobuf from 'protobufjs';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';

/** Prometheus' staleness marker: the one NaN that means "this series has ended here". */
const STALE = { low: 2, high: 0x7ff00000, unsigned: true } as const;
const tag = (field: number, wire: 0 | 1 | 2): number => (field << 3) | wire;

/** Samples that are not a number are written as staleness markers. Throws when the store does not take all of it. */
export const remoteWrite = async (url: string, series: readonly RawSeries[]): Promise<void> => {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: snappyBlock(writeRequest(series)),
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
};

const writeRequest = (series: readonly RawSeries[]): Uint8Array => {
  const writer = protobuf.Writer.create();
  for (const { labels, samples } of series) {
    writer.uint32(tag(1, 2)).fork();
    for (const [name, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
      writer.uint32(tag(1, 2)).fork();
      writer.uint32(tag(1, 2)).string(name).uint32(tag(2, 2)).string(value).ldelim();
    }
    for (const { atMs, value } of samples) {
      writer.uint32(tag(2, 2)).fork().uint32(tag(1, 1));
      if (Number.isNaN(value)) writer.fixed64(STALE);
      else writer.double(value);
      writer.uint32(tag(2, 0)).int64(atMs).ldelim();
    }
    writer.ldelim();
  }
  return writer.finish();
};

/** Most bytes that one literal of a snappy block carries with a length of two bytes. */
const LITERAL_BYTES = 65_536;

/** A snappy block of literals only: valid, not smaller. */
const snappyBlock = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const parts = [protobuf.Writer.create().uint32(bytes.length).finish()];
  for (let at = 0; at < bytes.length; at += LITERAL_BYTES) {
    const part = bytes.subarray(at, at + LITERAL_BYTES);
    parts.push(Uint8Array.of(61 << 2, (part.length - 1) & 0xff, (part.length - 1) >> 8), part);
  }
  return Uint8Array.from(Buffer.concat(parts));
};
