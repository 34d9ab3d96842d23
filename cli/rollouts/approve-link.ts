/** A link by which somebody approves the step that waits. It is signed here: whoever runs this has the key of the front door. */
import { randomUUID } from 'node:crypto';
import type { SteeredStep } from '../../core/rollout/steered-step.ts';
import { refuse } from '../../core/values/error.ts';
import { parseDuration } from '../../core/values/duration.ts';
import { approvalLink, signApproval } from '../../platform/approvals/token.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { createSecretReader } from '../../platform/secrets.ts';
import type { Io } from '../io.ts';
import type { RolloutIdentity } from './rollout.ts';

export interface AskedLink {
  readonly of: RolloutIdentity;
  readonly step: SteeredStep;
  readonly madeFor: string;
  readonly ttl: string | undefined;
}

export async function approveLink(
  { of, step, madeFor, ttl }: AskedLink,
  io: Pick<Io, 'env' | 'now'>,
): Promise<{ readonly link: string; readonly text: string }> {
  const directory = io.env['TIDEGATE_CONFIG'];
  if (directory === undefined)
    refuse(
      'Invalid',
      'the key that signs links is named in the Mesh document',
      'set TIDEGATE_CONFIG to the config directory',
    );
  const { approvals } = await createConfigLoader({ directory }).loadMesh(of.mesh);
  if (approvals === undefined)
    refuse(
      'Invalid',
      `mesh ${of.mesh} has no approvals by link`,
      'write spec.approvals: {key: [{env: …}], url: https://…}',
    );
  const ttlMs = ttl === undefined ? approvals.ttlMs : (parseDuration(ttl) ?? 0);
  if (ttlMs < 1000 || ttlMs > approvals.ttlMs)
    refuse('Invalid', `--ttl ${ttl ?? ''} is no time from 1s up to spec.approvals.ttl`, 'write something like 2h');
  const [key = ''] = await createSecretReader(io.env)(approvals.key);
  const expiresAtMs = io.now() + ttlMs;
  const { namespace, service } = of;
  const data = { action: 'approve', namespace, service, step, reason: 'by link' } as const;
  const token = await signApproval({ data, madeFor, expiresAtMs, id: randomUUID() }, key);
  const place = `wave ${step.wave + 1}${step.step < 0 ? '' : ` step ${step.step + 1}`}`;
  const text = `approves ${place} of ${namespace}/${service} as ${madeFor}, once, until ${new Date(expiresAtMs).toISOString()}`;
  return { link: approvalLink(approvals.url, token), text };
}
