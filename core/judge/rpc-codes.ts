/** The status of an RPC, in numeric order as gRPC has them. */
export const rpcCodes = [
  ...(['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND'] as const),
  ...(['ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED'] as const),
  ...(['OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'] as const),
] as const;

export type RpcCode = (typeof rpcCodes)[number];

/**
 * Those that OpenTelemetry calls errors of servers; the others are the caller's fault, or a regular answer. UNIMPLEMENTED
 * is what every call of a method gets that a new version has lost.
 */
export const defaultBadCodes: readonly RpcCode[] = [
  ...(['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'] as const),
];
