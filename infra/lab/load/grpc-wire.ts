/** What of gRPC over HTTP/2 the lab's servers and clients share. */

/** A message of length 0, not compressed: a valid Protocol Buffers message without fields. */
export const EMPTY_MESSAGE = Buffer.alloc(5);

/** Statuses that the lab's servers answer with. */
export const statusNumber = { OK: '0', INTERNAL: '13' } as const;
export type GrpcStatus = keyof typeof statusNumber;
