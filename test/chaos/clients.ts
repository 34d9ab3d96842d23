/** What clients saw, held against what they may have seen. */
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { clusters, type Seen } from '../lab/lab-service.ts';
import type { Fault, Phase, Scene } from './scene.ts';

/** Of the same fault without a rollout. */
export interface Baseline {
  readonly failures: number;
  readonly requests: number;
}

/** Two counts of the same rate differ by chance: five standard deviations. Where the fault alone fails nobody, none is allowed. */
export const allowedFailures = ({ failures }: Baseline): number =>
  failures === 0 ? 0 : Math.ceil(failures + 5 * Math.sqrt(2 * failures));

/** How many of them are told one by one. */
const TOLD = 4;

/** Failures that the new version did not answer; where the fault hits it alone, neither those of its clients that nobody answered. */
export function failuresOutside(
  seen: Seen,
  { version }: Scene,
  { fault, phase, injected }: { fault: Fault; phase: Phase; injected: number },
): { count: number; text: string } {
  const isOutside = ({ version: by, client }: { version: string; client: string }): boolean =>
    by !== version && !(fault.hitsCanary === true && by === '' && phase.exposed.includes(client));
  const outside = seen.report.groups.filter((one) => one.outcome !== 'ok' && isOutside(one));
  const told = seen.report.failures.filter(isOutside).slice(0, TOLD);
  return {
    count: outside.reduce((sum, one) => sum + one.count, 0),
    text: told
      .map(
        ({ at, kind, client, connection, version: by, detail }) =>
          `${((at - injected) / 1_000).toFixed(1)} s after the fault ${kind} of ${by || 'nobody'} in ${client} (${connection}): ${detail}`,
      )
      .join(', '),
  };
}

/** A version that did not prove itself was met by nobody outside the clusters and the share that its steps had given it. */
export function exposureFaults(
  seen: Seen,
  { version, before }: Scene,
  { phase, end, status }: { phase: Phase; end: string; status: RolloutStatus | undefined },
): string[] {
  if (end === 'promoted' || end === 'unproven' || phase.undoes === true) return [];
  const isFirstStep = status === undefined || (status.wave === 1 && status.step === 1);
  const exposed = end === 'refused' ? [] : phase.exposed;
  return clusters.flatMap((client) => {
    const met = seen.byVersion(client);
    const [unproven, proven] = [met[version] ?? 0, met[before] ?? 0];
    if (unproven === 0) return [];
    if (!exposed.includes(client) && isFirstStep) return [`${client}: ${unproven} requests met the unproven version`];
    const most = (unproven + proven) * phase.share;
    const noise = 5 * Math.sqrt((unproven + proven) * phase.share * (1 - phase.share));
    return isFirstStep && unproven > most + noise
      ? [`${client}: ${unproven} of ${unproven + proven} requests met the unproven version, beyond its share`]
      : [];
  });
}
