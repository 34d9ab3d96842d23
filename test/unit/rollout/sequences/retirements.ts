/** The originals of adoptions: what workflows/retirements.ts and workflows/retire.ts do, on the model. */
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import { deploymentName } from '../../../../core/routing/names.ts';
import { TidegateError } from '../../../../core/values/error.ts';
import * as activities from './activities.ts';
import type { Mesh } from './mesh.ts';

/** The Deployment that ran before an adoption leaves on a clock of its own; versions are the settler's. */
export interface Retirement {
  readonly version: string;
  readonly original: string;
  /** Times that it met a cluster that did not answer. */
  failures: number;
}

interface Retiring {
  readonly retirements: Retirement[];
}

/** As workflows/retirements.ts has it. */
export function retireOriginals(
  { retirements }: Retiring,
  { kind, version, sources }: Plan,
  what: 'replaced' | 'failed',
): void {
  if (kind !== 'adopt' || what === 'failed') return;
  const own = deploymentName('checkout', version);
  const from = [...new Set(Object.values(sources).map(({ deployment }) => deployment))];
  for (const original of from.filter((name) => name !== own)) {
    if (retirements.some((known) => known.version === version && known.original === original)) continue;
    retirements.push({ version, original, failures: 0 });
  }
}

/** One that meets a cluster without an answer gives up after a day. */
export function runRetirements({ mesh, retirements }: Retiring & { readonly mesh: Mesh }): void {
  for (const one of retirements.splice(0)) {
    try {
      activities.retireOriginal(mesh, { name: one.original, version: one.version });
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
      one.failures += 1;
      if (one.failures < 2) retirements.push(one);
    }
  }
}
