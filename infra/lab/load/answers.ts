import type { Target } from './dialer.ts';
import { createGrpcDialer } from './grpc-dialer.ts';
import { createHttpDialer } from './http-dialer.ts';

/** Does a service answer well, here and now? */
export async function answers(to: Target): Promise<boolean> {
  const dialer = to.speaks === 'grpc' ? createGrpcDialer('127.0.0.1') : createHttpDialer('127.0.0.1', 0);
  const { failure } = await new Promise<{ failure: unknown }>((resolve) =>
    dialer.ask(to, { kept: undefined, headers: {} }, resolve),
  );
  return failure === undefined;
}
