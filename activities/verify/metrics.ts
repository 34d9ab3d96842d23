/** Where the counts of a mesh come from, by the config of the worker that asks. */
import { Context } from '@temporalio/activity';
import type { CountSource } from '../../core/judge/series/source.ts';
import { TidegateError } from '../../core/values/error.ts';
import { toFailure } from '../failures.ts';
import type { ObserveDeps } from '../ports.ts';

/** Attempts that go to whichever worker takes them, before the answer of one that lacks something is the answer. */
const OTHERS_ASKED = 3;

/** One worker may lack what another has (a variable, a receiver, a file): the first attempts end, to be taken elsewhere. */
export async function connectMetrics(
  { connectMetrics: connect }: ObserveDeps,
  mesh: string,
): Promise<CountSource | null> {
  try {
    return await connect(mesh);
  } catch (error) {
    if (!(error instanceof TidegateError) || Context.current().info.attempt >= OTHERS_ASKED) throw error;
    throw toFailure(error);
  }
}

/** For what cannot do without counts. */
export async function requireMetrics(deps: ObserveDeps, mesh: string): Promise<CountSource> {
  const metrics = await connectMetrics(deps, mesh);
  if (metrics === null) throw noMetrics(mesh);
  return metrics;
}

export const noMetrics = (mesh: string): TidegateError =>
  new TidegateError('Unavailable', `this worker's config of mesh ${mesh} names no metrics`, {
    fix: 'set spec.metrics in the Mesh document that the worker reads',
  });
