/** The pages of approval links: what they show, and that they act once, for their step, until they expire. */
import { describe, expect, it } from '@jest/globals';
import { steerId, type Steering } from '../../../core/events/steer.ts';
import { initialState, type RolloutState } from '../../../core/rollout/machine/state.ts';
import { statusOf } from '../../../core/rollout/machine/status.ts';
import { createApprovals, type ApprovalDeps } from '../../../functions/approvals/approvals.ts';
import { approvalLink, signApproval, type Approval } from '../../../platform/approvals/token.ts';
import { testPlan } from '../../support/plans.ts';

const [key, older, foreign] = ['k', 'o', 'f'].map((letter) => letter.repeat(40)) as [string, string, string];
const workflowId = 'rollout:default:shop:shop:checkout:versions';
const nowMs = Date.parse('2026-06-01T10:00:00Z');

const approval: Approval = {
  data: {
    ...{ action: 'approve', namespace: 'shop', service: 'checkout', reason: 'by link' },
    step: { workflowId, runId: 'r1', wave: 0, step: 0 },
  },
  madeFor: 'alice@example.com',
  expiresAtMs: nowMs + 60_000,
  id: 'link-1',
};

interface Setting {
  readonly state?: Partial<RolloutState>;
  readonly deps?: Partial<ApprovalDeps>;
}

function door({ state = {}, deps = {} }: Setting = {}) {
  const steered: Steering[] = [];
  const now = { ...initialState, phase: 'gated' as const, step: 0, reason: 'waiting for approval', ...state };
  const handle = createApprovals({
    keys: async () => [key, older],
    look: async () => ({ plan: testPlan(), status: statusOf(testPlan(), now) }),
    steer: async (steering) => {
      steered.push(steering);
      return { kind: 'acted', status: statusOf(testPlan(), { ...now, phase: 'applying' }) };
    },
    nowMs: () => nowMs,
    warn: () => undefined,
    ...deps,
  });
  const open = async (token: string, method = 'GET') => {
    const response = await handle(new Request(approvalLink('https://door.example.com', token), { method }));
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { steered, open };
}

describe('an approval link', () => {
  it('shows what it would approve and does nothing, since mail scanners open every link', async () => {
    const { open, steered } = door({ state: { shares: { 'aws-us-east-1': 50_000 } } });
    const page = await open(await signApproval(approval, key));
    expect(page.status).toBe(200);
    for (const text of ['approve: deploy of shop/checkout', 'aws-us-east-1', 'alice@example.com', 'method="post"'])
      expect(page.text).toContain(text);
    expect(steered).toEqual([]);
  });

  it('acts by POST as the person whom it was made for, on its run and step, under the id of the link', async () => {
    const { open, steered } = door();
    expect((await open(await signApproval(approval, older), 'POST')).status).toBe(200);
    expect(steered).toEqual([
      {
        ...{ workflowId, runId: 'r1', update: 'approve', updateId: steerId('approval link link-1') },
        input: {
          reason: 'by link',
          of: approval.data.step,
          by: { name: 'alice@example.com', how: 'signed-link' },
        },
      },
    ]);
  });

  it('that was used says who used it and when, and does nothing more', async () => {
    const acted = [
      {
        id: steerId('approval link link-1'),
        type: 'approve',
        by: 'alice@example.com (signed-link)',
        atMs: nowMs - 1_000,
      },
    ];
    const { open, steered } = door({ state: { acted } });
    const page = await open(await signApproval(approval, key), 'POST');
    expect(page.status).toBe(410);
    expect(page.text).toContain('by alice@example.com (signed-link) at 2026-06-01T09:59:59.000Z');
    expect(steered).toEqual([]);
  });

  it.each([
    ['expired', { expiresAtMs: nowMs - 1_000 }, {}, 410, 'could be used until'],
    ['of another step', {}, { step: 1 }, 409, 'This link is for wave 1 step 1'],
    ['of a run that has ended', {}, { phase: 'ended', outcome: 'promoted' }, 410, 'The rollout has ended'],
    ['where nothing waits', {}, { phase: 'baking' }, 409, 'Nothing waits for approval'],
  ] as const)('%s does nothing and says why', async (_, change, state, status, text) => {
    const { open, steered } = door({ state: state });
    const page = await open(await signApproval({ ...approval, ...change }, key), 'POST');
    expect([page.status, page.text]).toEqual([status, expect.stringContaining(text)]);
    expect(steered).toEqual([]);
  });

  it('of another key, cut or altered is unknown', async () => {
    const { open, steered } = door();
    const good = await signApproval(approval, key);
    const [head = '', body = '', mark = ''] = good.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    for (const token of [
      await signApproval(approval, foreign),
      good.slice(0, -3),
      `${head}.${body}A.${mark}`,
      none,
      'x',
      '',
    ])
      expect((await open(token, 'POST')).status).toBe(404);
    expect(steered).toEqual([]);
  });

  it('shows what others have written as text: no markup, no script, nothing loaded, and no cache keeps it', async () => {
    const reason = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>';
    const { open } = door({ state: { reason } });
    const page = await open(await signApproval({ ...approval, madeFor: '<b>eve</b>' }, key));
    expect(page.text).not.toMatch(/<script|<img|<b>/);
    expect(page.text).toContain('&lt;script&gt;alert(1)');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('says 503 where the rollout cannot be asked, and is not used up by it', async () => {
    const { open } = door({ deps: { look: () => Promise.reject(new Error('down')) } });
    const page = await open(await signApproval(approval, key), 'POST');
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '30']);
  });

  it('is not signed by a key that can be guessed', async () => {
    await expect(async () => signApproval(approval, 'short')).rejects.toThrow('fewer than 32');
  });
});
