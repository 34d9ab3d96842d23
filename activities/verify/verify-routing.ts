/** verifyRouting: does the traffic itself follow what was written? Read-only; asks the Envoys' own counters. */
import { Context } from '@temporalio/activity';
import { beatEveryMs } from '../../core/contract/timeouts.ts';
import {
  combineProofs,
  type InstanceProof,
  type VerifyRoutingInput,
  type VerifyRoutingResult,
  type VerifyTarget,
} from '../../core/judge/proof/proof.ts';
import { proveTargets, type Proofs } from '../../core/judge/proof/prove-targets.ts';
import type { CountSource } from '../../core/judge/series/source.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ObserveDeps } from '../ports.ts';
import { connectMetrics } from './metrics.ts';

/** Time between two looks, ms: where scrapes come every second or two, the answer is there at once. */
const POLL_MS = 1_000;
/** Scrapes since the write that a proof takes, and one that comes too early. */
const SCRAPES = { entered: 2, forward: 3, restored: 4 } as const;
/** Looks without a word of an Envoy after which no more is waited for: one answer of the backend may lack it. */
const ENOUGH_LOOKS = 3;
/** Longest that rare scrapes may stretch the time to look, ms; below the activity's own bound of 5 minutes. */
const LONGEST_MS = 4 * 60_000;

/**
 * So many times the time to look pass before a contradiction is told. An agent of Cilium that has lost its API server asks
 * it again after 30 s, up to doubled by chance: till then its Envoys go on with the weights before, which harms nobody.
 */
const PATIENCE = 3;

/** What cannot be asked now is asked again after, ms. */
const LATER_MS = 30_000;

export async function verifyRouting(deps: ObserveDeps, input: VerifyRoutingInput): Promise<VerifyRoutingResult> {
  const startedMs = deps.now();
  const answer = await prove(deps, input);
  if (answer.result !== 'untested' || input.untilTested !== true) return answer;
  const soon = deps.now() - startedMs >= input.timeoutMs;
  throw new TidegateError('WindowEnd', 'this attempt of the proof is over, the next one goes on', {
    retryAfterMs: soon ? 1_000 : LATER_MS,
  });
}

async function prove(deps: ObserveDeps, input: VerifyRoutingInput): Promise<VerifyRoutingResult> {
  const bare = bareProofs(input);
  const targets = input.targets.filter(isProvable);
  if (targets.length === 0) return combineProofs(bare, deps.now());
  const context = Context.current();
  const metrics = await metricsOrWhyNot(deps, input.service.mesh);
  if (typeof metrics === 'string') return combineProofs(untestedAll(input, metrics), deps.now());
  const startedMs = deps.now();
  /** The last word of each Envoy that has said one: verified once, it is, and a look that cannot see it takes nothing back. */
  const words = new Map<string, InstanceProof>();
  let beatAtMs = startedMs;
  for (let looks = 1; ; looks++) {
    if (deps.now() - beatAtMs >= beatEveryMs('verifyRouting')) {
      context.heartbeat();
      beatAtMs = deps.now();
    }
    const seen = await look({ input: { ...input, targets }, metrics, now: deps.now, context });
    const proofs = seen.proofs.map((proof) => {
      const key = `${proof.cluster}/${proof.instance}`;
      const word = words.get(key);
      if (word?.result === 'verified') return word;
      if (proof.result !== 'untested') words.set(key, proof);
      return proof;
    });
    const isBlind = seen.proofs.some((proof) => proof.result === 'untested');
    const unseen = [...words.values()].filter(
      (word) => isBlind && word.result === 'contradicted' && !proofs.includes(word),
    );
    const { result } = combineProofs([...proofs, ...unseen], deps.now());
    const givenMs = lookingMs(input, seen.intervalMs);
    const late = deps.now() - startedMs >= (result === 'contradicted' ? patientMs(givenMs) : givenMs);
    if (result === 'verified' || late || (looks >= ENOUGH_LOOKS && isHopeless(input, { ...seen, proofs })))
      return combineProofs([...proofs, ...unseen, ...bare], deps.now());
    await context.sleep(POLL_MS);
  }
}

async function metricsOrWhyNot(deps: ObserveDeps, mesh: string): Promise<CountSource | string> {
  try {
    return (await connectMetrics(deps, mesh)) ?? 'no metrics backend is configured';
  } catch (error) {
    if (error instanceof TidegateError) return error.message;
    throw error;
  }
}

/** Asked for one look (0), it is one look; else rare scrapes get the time that they need. */
const lookingMs = ({ mode, timeoutMs }: VerifyRoutingInput, intervalMs: number): number =>
  timeoutMs === 0 ? 0 : Math.max(timeoutMs, Math.min(SCRAPES[mode] * intervalMs, LONGEST_MS));

const patientMs = (givenMs: number): number => Math.max(givenMs, Math.min(PATIENCE * givenMs, LONGEST_MS));

/** Whatever is not proven is of clusters whose Envoys send nothing. */
const isHopeless = ({ received, untilTested }: VerifyRoutingInput, { proofs, silent }: Proofs): boolean =>
  received !== true &&
  untilTested !== true &&
  proofs.every(({ result, cluster }) => result === 'verified' || silent.includes(cluster));

interface Look {
  readonly input: VerifyRoutingInput;
  readonly metrics: CountSource;
  readonly now: () => number;
  readonly context: Context;
}

const look = async ({ input, metrics, now, context }: Look): Promise<Proofs> => {
  try {
    return await proveTargets(input, { metrics, now, signal: context.cancellationSignal });
  } catch (error) {
    if (context.cancellationSignal.aborted) await context.cancelled;
    if (!(error instanceof TidegateError)) throw error;
    return { proofs: untestedAll(input, error.message), intervalMs: 0, silent: [] };
  }
};

const isProvable = ({ weights, withdrawn }: VerifyTarget): boolean =>
  Object.keys(weights).length > 0 || withdrawn.length > 0;

/** An adoption that was taken back, or a route that is lost: silence of Envoy's counters would prove nothing. */
const bareProofs = (input: VerifyRoutingInput): InstanceProof[] =>
  untestedAll(
    { ...input, targets: input.targets.filter((target) => !isProvable(target)) },
    'no route of ours is in force there: calls go past Envoy, and its counters say nothing of them',
  );

const untestedAll = (input: VerifyRoutingInput, reason: string): InstanceProof[] =>
  input.targets.map(({ cluster }) => ({
    cluster: cluster.name,
    instance: '*',
    result: 'untested',
    reason,
    requests: 0,
  }));
