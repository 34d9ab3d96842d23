/**
 * functions/approvals: approvals by signed link. Mail scanners and chats open every link that they see, so a GET shows and does
 * nothing; only the POST of its form acts, once, until the link expires, and only for the step that it was made for.
 *
 *   GET  /approve/:token ──► what would be approved, with shares, verdict and numbers
 *   POST /approve/:token ──► the update `approve` (or `abort` …) of that run, as the person whom the link was made for
 */
import { steerId, steeringOf, type Steering } from '../../core/events/steer.ts';
import type { SeenRun, Steered } from '../../platform/temporal/steer.ts';
import { readApproval, type Approval } from '../../platform/approvals/token.ts';
import { html, messagePage, runPage } from './page.ts';

export interface ApprovalDeps {
  /** Keys by which links are believed. They are read anew each time. */
  readonly keys: () => Promise<readonly string[]>;
  /** null: there is no such run. Throws where nobody knows. */
  readonly look: (of: { workflowId: string; runId: string }) => Promise<SeenRun | null>;
  readonly steer: (steering: Steering) => Promise<Steered>;
  readonly nowMs: () => number;
  /** Of faults that the person in front of the page cannot mend. The token is not in them. */
  readonly warn: (what: string, error: unknown) => void;
}

/** A token is some 600 characters; longer ones are not even parsed. */
const TOKEN_MAX = 4_096;

export function createApprovals(deps: ApprovalDeps): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!['GET', 'HEAD', 'POST'].includes(request.method)) {
      const page = messagePage('Not this way', 'Open the link in a browser.');
      return html(405, page, { allow: 'GET, HEAD, POST' });
    }
    const token = new URL(request.url).pathname.split('/').at(-1) ?? '';
    try {
      return await answer(deps, { token, acts: request.method === 'POST' });
    } catch (error) {
      deps.warn('an approval link could not be answered', error);
      const text = 'The rollout cannot be asked now. Nothing was done. Try again in a minute.';
      return html(503, messagePage('Try again', text), { 'retry-after': '30' });
    }
  };
}

interface Asked {
  readonly token: string;
  readonly acts: boolean;
}

async function answer(deps: ApprovalDeps, { token, acts }: Asked): Promise<Response> {
  if (token.length > TOKEN_MAX) return unknownLink();
  const read = await readApproval(token, { keys: await deps.keys(), nowMs: deps.nowMs() });
  if (read.kind === 'bad') return unknownLink();
  const { approval } = read;
  const { step } = approval.data;
  const seen = await deps.look(step);
  if (seen === null) return ended('its history is gone');
  const used = usedText(approval, seen);
  if (used !== '') return html(410, messagePage('Used already', used));
  if (read.kind === 'expired') return expired(approval);
  if (seen.status.outcome !== null) return ended(`${seen.status.outcome}: ${seen.status.reason}`);
  const other = otherStepText(approval, seen);
  if (other !== '') return html(409, messagePage('Not this step any more', other));
  return acts ? act(deps, approval) : html(200, runPage(approval, seen));
}

async function act(deps: ApprovalDeps, approval: Approval): Promise<Response> {
  const { madeFor, id, data } = approval;
  const steered = await deps.steer(steeringOf(data, { by: { name: madeFor, how: 'signed-link' }, id: linkId(id) }));
  switch (steered.kind) {
    case 'acted': {
      const { phase, outcome, reason } = steered.status;
      return html(200, messagePage(`Done: ${data.action}`, `The rollout is now ${outcome ?? phase}: ${reason}`));
    }
    case 'refused':
      return html(409, messagePage('Not done', steered.reason));
    case 'gone':
      return ended('it has closed');
  }
}

const linkId = (id: string): string => `approval link ${id}`;

/** '' = not used yet. */
function usedText({ id, data }: Approval, { status }: SeenRun): string {
  const used = (status.acted ?? []).find((one) => one.id === steerId(linkId(id)));
  if (used === undefined) return '';
  return `This link was used: ${data.action} by ${used.by} at ${new Date(used.atMs).toISOString()}. It works once.`;
}

/** '' = it is about what waits now. What goes back or holds is about its run. */
function otherStepText({ data: { action, step } }: Approval, { status }: SeenRun): string {
  if (action === 'abort' || action === 'pause') return '';
  const [wave, at] = [status.wave - 1, status.step - 1];
  const isThis = (step.wave < 0 || step.wave === wave) && (step.step < 0 || step.step === at);
  const now = `The rollout is at wave ${status.wave} step ${status.step} now (${status.phase}): ${status.reason}`;
  if (!isThis) {
    const meant = `wave ${step.wave + 1}${step.step < 0 ? '' : ` step ${step.step + 1}`}`;
    return `This link is for ${meant} and nothing else. ${now}`;
  }
  return action === 'approve' && status.phase !== 'gated' ? `Nothing waits for approval. ${now}` : '';
}

const unknownLink = (): Response =>
  html(404, messagePage('Unknown link', 'This is no link that Tidegate has signed. Was it cut when it was copied?'));

const ended = (how: string): Response =>
  html(410, messagePage('The rollout has ended', `Nothing can be done with this link any more: ${how}.`));

function expired({ expiresAtMs }: Approval): Response {
  const text = `This link could be used until ${new Date(expiresAtMs).toISOString()}. Ask for another one: tidegate rollout approve-link SERVICE.`;
  return html(410, messagePage('Expired', text));
}
