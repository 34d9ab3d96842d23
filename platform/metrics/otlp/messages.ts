/**
 * The protobuf messages of OTLP metrics, as far as Tidegate reads them: opentelemetry/proto/collector/metrics/v1 and what
 * it holds. Fields that are left out (exemplars, min, max, summaries) are skipped on the wire, whatever is in them.
 */
import protobuf from 'protobufjs/light.js';

type Field = readonly [id: number, type: string, rule?: 'repeated'];

const messages: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ExportMetricsServiceRequest: { resourceMetrics: [1, 'ResourceMetrics', 'repeated'] },
  ResourceMetrics: { resource: [1, 'Resource'], scopeMetrics: [2, 'ScopeMetrics', 'repeated'] },
  Resource: { attributes: [1, 'KeyValue', 'repeated'] },
  ScopeMetrics: { scope: [1, 'InstrumentationScope'], metrics: [2, 'Metric', 'repeated'] },
  InstrumentationScope: { name: [1, 'string'] },
  Metric: {
    name: [1, 'string'],
    unit: [3, 'string'],
    gauge: [5, 'Gauge'],
    sum: [7, 'Sum'],
    histogram: [9, 'Histogram'],
    exponentialHistogram: [10, 'ExponentialHistogram'],
  },
  Gauge: { dataPoints: [1, 'NumberDataPoint', 'repeated'] },
  Sum: {
    dataPoints: [1, 'NumberDataPoint', 'repeated'],
    aggregationTemporality: [2, 'int32'],
    isMonotonic: [3, 'bool'],
  },
  Histogram: { dataPoints: [1, 'HistogramDataPoint', 'repeated'], aggregationTemporality: [2, 'int32'] },
  ExponentialHistogram: {
    dataPoints: [1, 'ExponentialHistogramDataPoint', 'repeated'],
    aggregationTemporality: [2, 'int32'],
  },
  NumberDataPoint: {
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    asDouble: [4, 'double'],
    asInt: [6, 'sfixed64'],
    attributes: [7, 'KeyValue', 'repeated'],
    flags: [8, 'uint32'],
  },
  HistogramDataPoint: {
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    bucketCounts: [6, 'fixed64', 'repeated'],
    explicitBounds: [7, 'double', 'repeated'],
    attributes: [9, 'KeyValue', 'repeated'],
    flags: [10, 'uint32'],
  },
  ExponentialHistogramDataPoint: {
    attributes: [1, 'KeyValue', 'repeated'],
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    scale: [6, 'sint32'],
    zeroCount: [7, 'fixed64'],
    positive: [8, 'Buckets'],
    negative: [9, 'Buckets'],
    flags: [10, 'uint32'],
    zeroThreshold: [14, 'double'],
  },
  Buckets: { offset: [1, 'sint32'], bucketCounts: [2, 'uint64', 'repeated'] },
  KeyValue: { key: [1, 'string'], value: [2, 'AnyValue'] },
  /** Lists and maps are kept as the bytes that they are: they tell series apart, and nobody looks into them. */
  AnyValue: {
    stringValue: [1, 'string'],
    boolValue: [2, 'bool'],
    intValue: [3, 'int64'],
    doubleValue: [4, 'double'],
    arrayValue: [5, 'bytes'],
    kvlistValue: [6, 'bytes'],
    bytesValue: [7, 'bytes'],
  },
  ExportMetricsServiceResponse: { partialSuccess: [1, 'PartialSuccess'] },
  PartialSuccess: { rejectedDataPoints: [1, 'int64'], errorMessage: [2, 'string'] },
  /** google.rpc.Status. */
  Status: { code: [1, 'int32'], message: [2, 'string'] },
};

/** Messages of which one field is sent, also when its value is 0 or empty. */
const oneOf: Readonly<Record<string, readonly string[]>> = {
  NumberDataPoint: ['asDouble', 'asInt'],
  AnyValue: Object.keys(messages['AnyValue'] ?? {}),
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      {
        ...(oneOf[name] ? { oneofs: { sent: { oneof: [...oneOf[name]] } } } : {}),
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, [id, type, rule]]) => [field, { id, type, ...(rule ? { rule } : {}) }]),
        ),
      },
    ]),
  ),
});

/** Messages nest seven deep; unknown groups may not nest without end. */
protobuf.Reader.recursionLimit = 32;

const request = root.lookupType('ExportMetricsServiceRequest');

/** Throws on bytes that are not protobuf. A field of another wire type than described is left out, as protobuf wants. */
export const decodeProtobuf = (body: Uint8Array): unknown => {
  const reader = protobuf.Reader.create(body);
  reader.discardUnknown = true;
  return request.decode(reader);
};

export const encodeProtobuf = (
  name: 'ExportMetricsServiceResponse' | 'Status',
  message: Readonly<Record<string, unknown>>,
): Uint8Array => root.lookupType(name).encode(message).finish();
