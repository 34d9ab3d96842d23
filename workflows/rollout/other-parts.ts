/**
 * Where a run meets runs of other parts. No record is shared between clusters, so each side writes first and looks at the
 * other afterwards: a run that has begun since the plan was made may call, or move, what the plan does not know of.
 */
import { ApplicationFailure, patched } from '@temporalio/workflow';
import { provenEntry } from '../../core/rollout/preflight/serving-facts.ts';
import type { VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import { parts, type Part } from '../../core/routing/part.ts';
import { sameTraffic } from '../../core/routing/weights.ts';
import type { VersionShares } from '../../core/routing/record.ts';
import { canonicalJson } from '../../core/values/canonical.ts';
import { findOpenRun } from '../running-rollout.ts';
import { activitiesOf, refOf, verify, type RunContext, type Verifying } from './run-context.ts';

/** Before the first write: no run of another part has begun since the plan was made. */
export async function assertAlone(context: RunContext): Promise<void> {
  const { beside = {} } = context.plan;
  for (const part of parts) if (beside[part] !== undefined) await assertKnown(context, part, beside[part]);
}

/**
 * Once the settler was stopped: one that came for the end of a run beside this one may have left its part half moved, and
 * nobody would come for it before this run has ended.
 */
export async function assertStillBeside(context: RunContext): Promise<void> {
  const { beside = {} } = context.plan;
  for (const part of parts) {
    if ((beside[part] ?? '') === '') continue;
    const { workflowId, open } = await openRun(context, part);
    if (open !== '') continue;
    throw ApplicationFailure.nonRetryable(
      `${workflowId} has ended since this was planned, and its ${part} may be half moved; start again`,
      'Conflict',
    );
  }
}

async function openRun(context: RunContext, part: Part): Promise<{ workflowId: string; open: string }> {
  const { findRun } = activitiesOf(context, 'findRun', `does a run move the ${part}?`);
  const { workflowId, runId } = await findOpenRun(findRun, { ...context.plan.service, part });
  return { workflowId, open: runId };
}

async function assertKnown(context: RunContext, part: Part, known: string): Promise<void> {
  const { workflowId, open } = await openRun(context, part);
  if (open === '' || open === known) return;
  throw ApplicationFailure.nonRetryable(
    `${workflowId} has begun since this was planned, and each moves what the other counts on; start again`,
    'Conflict',
  );
}

/** Newcomers' entries were read when the plan was made: they still are what is proven there, and nobody moves it. */
export async function assertJoined(context: RunContext): Promise<void> {
  const { plan } = context;
  const joined = plan.waves.flatMap(({ steps }) =>
    steps.flatMap(({ topology }) => Object.values(topology ?? {}).map(({ serves }) => serves)),
  );
  const entries = Object.assign({}, ...joined) as VersionShares;
  const names = Object.keys(entries);
  if (names.length === 0) return;
  await assertAlone(context);
  const taking = Object.keys(plan.clusters).filter((name) => plan.absent?.[name] === undefined);
  const { readRecords } = activitiesOf(context, 'readRecords', `is what ${names.join(', ')} serves as planned?`);
  const { clusters } = await readRecords({
    service: plan.service,
    clusters: taking.map((name) => refOf(context, name)),
  });
  const changed = names.filter((name) => {
    const now = provenEntry(clusters, name);
    return now === null || !sameTraffic({ [name]: now }, { [name]: entries[name] ?? {} });
  });
  if (changed.length === 0) return;
  throw ApplicationFailure.nonRetryable(
    `what is proven in ${changed.join(', ')} changed after this was planned; start again`,
    'Conflict',
  );
}

/**
 * A run of another part writes the same records, and the traffic follows: what this run remembers of the weights may be
 * outdated. A contradiction counts only once the same write, made again, has left the weights as they are remembered.
 */
export async function verifyBeside(
  context: RunContext,
  clusters: readonly string[],
  { writeAgain, ...verifying }: Verifying & { readonly writeAgain: () => Promise<void> },
): Promise<VerifyRoutingResult> {
  for (;;) {
    const proof = await verify(context, clusters, verifying);
    if (proof.result !== 'contradicted' || !patched('write-again')) return proof;
    const before = weightsIn(context, clusters);
    await writeAgain();
    if (weightsIn(context, clusters) === before) return proof;
  }
}

const weightsIn = ({ written }: RunContext, clusters: readonly string[]): string =>
  canonicalJson(clusters.map((cluster) => written.get(cluster)?.weights ?? {}));
