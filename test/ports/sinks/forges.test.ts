/** GitHub and GitLab on loopback: what a commit shows of a run, and that a delivery which is repeated shows nothing twice. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deliverEvents } from '../../../activities/tell/deliver-events.ts';
import type { TellDeps } from '../../../activities/tell/ports.ts';
import type { ForgeSink } from '../../../core/config/events/types.ts';
import type { CloudEvent } from '../../../core/events/cloud-event.ts';
import { newsType } from '../../../core/events/out/news.ts';
import { createSinkClient } from '../../../platform/http/sink-client.ts';
import { clusterNames } from '../../support/facts.ts';
import { testPlan } from '../../support/plans.ts';
import { tellActivity } from '../../support/tell-activity.ts';
import { runId, tell } from '../../unit/events/out/told.ts';
import { startGithub, startGitlab, type Forge } from './forges.ts';

const sha = 'a'.repeat(40);
const all = tell({ ...testPlan({ shares: [1_000_000] }), version: sha }).events;
const only = (kind: 'started' | 'step' | 'ended'): CloudEvent =>
  all.find(({ type }) => type === newsType(kind)) ?? ({} as never);
const client = createSinkClient();
afterAll(() => client.close());

let forge: Forge;
afterEach(() => forge.close());

/** Each call is one attempt of the same activity. */
function attempts(type: ForgeSink['type'], events: readonly CloudEvent[], token = 'f0rge') {
  const sink: ForgeSink = {
    ...{ name: 'commits', type, url: forge.url, repository: 'acme/checkout', token: { env: 'FORGE' }, sha: '' },
    ...{ events: ['dev.tidegate.*'], filter: '', temporalUi: 'https://temporal.example.com' },
  };
  const deps: TellDeps = {
    readSinks: async () => [sink],
    secret: async () => token,
    ...{ client, nowMs: () => Date.now() },
    activity: tellActivity(),
  };
  return () => deliverEvents(deps, { sink: 'commits', events });
}

const states = (): unknown[] => forge.asked.filter(({ path }) => path.includes(sha)).map(({ body }) => body['state']);
const environments = (): unknown[] => forge.deployments.map(({ environment }) => environment);

describe('GitHub', () => {
  beforeEach(async () => {
    forge = await startGithub();
  });

  it('shows the run at its commit: pending, then success, under one name, with a link that opens', async () => {
    expect(await attempts('github', [only('started'), only('step'), only('ended')])()).toMatchObject({ sent: 3 });
    expect(states()).toEqual(['pending', 'pending', 'success']);
    const [first] = forge.asked;
    expect(first).toMatchObject({
      ...{ method: 'POST', path: `/repos/acme/checkout/statuses/${sha}` },
      headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
      body: { context: 'tidegate/shop/shop/checkout', target_url: expect.stringContaining(runId) },
    });
  });

  it('has a deployment per cluster at the end, each successful, and no second one when the end is told again', async () => {
    for (let i = 0; i < 2; i += 1) await attempts('github', [only('ended')])();
    expect(environments()).toEqual(clusterNames);
    for (const one of forge.deployments)
      expect(one).toMatchObject({ sha, task: `tidegate:${runId}`, state: 'success', auto_merge: false });
  });

  it('that fails between a deployment and its state gets the state at the next attempt', async () => {
    // The status of the commit, the list, the deployment; then it fails.
    forge.next.push(undefined, undefined, undefined, { status: 502, body: 'Bad gateway' });
    const attempt = attempts('github', [only('ended')]);
    await expect(attempt()).rejects.toMatchObject({ code: 'Unavailable' });
    expect(forge.deployments.map(({ state }) => state)).toEqual([undefined]);
    await attempt();
    expect(environments()).toEqual(clusterNames);
    expect(forge.deployments.map(({ state }) => state)).toEqual(clusterNames.map(() => 'success'));
  });

  it.each([
    ['403 and Retry-After', { status: 403, body: { message: 'wait' }, headers: { 'retry-after': '60' } }, 60_000],
    ['403 and its text', { status: 403, body: { message: 'You have exceeded a secondary rate limit' } }, undefined],
    ['429', { status: 429, body: { message: 'API rate limit exceeded' } }, undefined],
  ])('that limits the rate by %s is asked again later', async (_, said, retryAfterMs) => {
    forge.next.push(said);
    const refused: unknown = await attempts('github', [only('started')])().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'Throttled', ...(retryAfterMs !== undefined && { retryAfterMs }) });
  });

  it.each([
    ['another token', 'other', undefined, '401'],
    ['a token without the right', 'f0rge', { status: 403, body: { message: 'Resource not accessible' } }, '403'],
    ['a commit that it does not know', 'f0rge', { status: 422, body: { message: 'No commit found' } }, '422'],
  ])('with %s is refused for good, and says why without the token', async (_, token, said, status) => {
    forge.next.push(said);
    const { refused } = await attempts('github', [only('started')], token)();
    expect(refused.map(({ reason }) => reason)).toEqual([expect.stringContaining(`sink commits answers ${status}: {`)]);
    expect(JSON.stringify(refused)).not.toContain(token);
  });
});

describe('GitLab', () => {
  beforeEach(async () => {
    forge = await startGitlab();
  });

  it('shows the run at its commit by its own names of states, and the project by its path', async () => {
    expect(await attempts('gitlab', [only('started'), only('step'), only('ended')])()).toMatchObject({ sent: 3 });
    expect(states()).toEqual(['running', 'pending', 'success']);
    expect(forge.asked[0]?.path).toBe(`/projects/acme%2Fcheckout/statuses/${sha}`);
  });

  it('that has the state already is content: what was asked for is so', async () => {
    const message = 'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")';
    forge.next.push({ status: 400, body: { message } });
    expect(await attempts('gitlab', [only('started')])()).toEqual({ sent: 1, refused: [], retired: '' });
  });

  it('has a deployment per cluster at the end, and no second one when the end is told again', async () => {
    for (let i = 0; i < 2; i += 1) await attempts('gitlab', [only('ended')])();
    expect(environments()).toEqual(clusterNames);
    expect(forge.deployments.every(({ status, ref }) => status === 'success' && ref === sha)).toBe(true);
  });

  it('that refuses for another reason says it, without the token', async () => {
    const { refused } = await attempts('gitlab', [only('started')], 'other')();
    expect(refused[0]?.reason).toContain('sink commits answers 401: {"message":"401 Unauthorized"}');
    expect(refused[0]?.reason).not.toContain('other');
  });
});
