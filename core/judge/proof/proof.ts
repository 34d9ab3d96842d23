/** What a proof is asked, and what it answers. */
import type { ClusterRef } from '../../kube/cluster-ref.ts';
import type { ApplyRoutingResult } from '../../routing/changes.ts';
import type { ServiceRef } from '../../routing/service-ref.ts';
import { namesText } from '../../values/names-text.ts';

export type VerifyMode = 'entered' | 'forward' | 'restored';

export interface VerifyTarget {
  readonly cluster: ClusterRef;
  readonly weights: Readonly<Record<string, number>>;
  readonly writtenAtMs: number;
  /** Stat names that must get no new request (restored). */
  readonly withdrawn: readonly string[];
  /** The run's own write before that one, which a frozen Envoy goes on with; absent: it made none. */
  readonly before?: Pick<ApplyRoutingResult, 'weights' | 'writtenAtMs'>;
}

export interface VerifyRoutingInput {
  readonly service: ServiceRef;
  readonly mode: VerifyMode;
  readonly targets: readonly VerifyTarget[];
  /** Testers or kept users go another way than the weights say, and have counters of their own. Absent: nobody does. */
  readonly aside?: true;
  /** The worker receives the counts itself: one that has just started has heard of nobody yet. */
  readonly received?: true;
  /** How long to look before the answer is `untested` or `contradicted`, ms. */
  readonly timeoutMs: number;
  /** `untested` is no answer: it looks on, in attempts of timeoutMs, until there is another one. */
  readonly untilTested?: true;
}

export interface InstanceProof {
  readonly cluster: string;
  /** Envoy instance (node); '*' when the metrics name none. */
  readonly instance: string;
  readonly result: 'verified' | 'contradicted' | 'untested';
  /** One sentence with numbers. */
  readonly reason: string;
  readonly requests: number;
}

export interface VerifyRoutingResult {
  /** contradicted if any instance is; else untested if any is; else verified. */
  readonly result: 'verified' | 'contradicted' | 'untested';
  readonly proofs: readonly InstanceProof[];
  readonly verifiedAtMs: number;
}

/** Which Envoys contradict what was written, and by which numbers. */
export const contradictionsOf = ({ proofs }: VerifyRoutingResult): string =>
  namesText(
    proofs.filter((one) => one.result === 'contradicted').map((one) => `${one.cluster}/${one.instance}: ${one.reason}`),
    '; ',
  );

/** One result of what every Envoy showed; nothing asked is nothing shown. */
export function combineProofs(proofs: readonly InstanceProof[], verifiedAtMs: number): VerifyRoutingResult {
  const has = (result: InstanceProof['result']): boolean => proofs.some((proof) => proof.result === result);
  const untested = has('untested') || proofs.length === 0;
  const result = has('contradicted') ? 'contradicted' : untested ? 'untested' : 'verified';
  return { result, proofs, verifiedAtMs };
}

/** One result of several: the worst of them, with what every Envoy showed. Nothing asked is nothing shown. */
export function combineResults(results: readonly VerifyRoutingResult[]): VerifyRoutingResult {
  const worst = (['contradicted', 'untested'] as const).find((one) => results.some(({ result }) => result === one));
  return {
    result: worst ?? (results.length > 0 ? 'verified' : 'untested'),
    proofs: results.flatMap(({ proofs }) => proofs),
    verifiedAtMs: Math.max(0, ...results.map(({ verifiedAtMs }) => verifiedAtMs)),
  };
}
