/** How the SLOs of a rollout share its alpha. */
import type { Slo } from '../settings.ts';

/**
 * The Envoys' count of errors weighs twice as much as any other SLO: each Envoy counts both versions at the same instants,
 * so what it counts is compared as soon as it is there, while pods have instants of their own. By the union bound the chance of
 * a false breach is the sum of the parts, however the SLOs hang together and whenever each is looked at. Of gRPC it is the
 * count of its status: with Envoy's 5xx and the pods' own count beside it, it keeps about the part that those of HTTP have.
 */
function weightOf({ source, protocol, indicator }: Slo): number {
  if (source !== 'envoy' || indicator.kind !== 'errors') return 1;
  return protocol === 'rpc' ? 4 : 2;
}

/** @param among the SLOs that decide by evidence; one that only reports has the part that it would have as the only one */
export const alphaPart = (slo: Slo, among: readonly Slo[]): number => {
  if (!among.includes(slo)) return 1;
  return weightOf(slo) / among.reduce((sum, one) => sum + weightOf(one), 0);
};
