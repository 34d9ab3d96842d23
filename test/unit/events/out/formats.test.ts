/** How an event looks in Slack, in Teams, in a webhook of the user's own, and at a commit. */
import { describe, expect, it } from '@jest/globals';
import type { ForgeSink } from '../../../../core/config/events/types.ts';
import type { CloudEvent, SteerData } from '../../../../core/events/cloud-event.ts';
import { clusterDeployments, commitStatus } from '../../../../core/events/out/formats/forge.ts';
import { genericMessage } from '../../../../core/events/out/formats/generic.ts';
import { slackMessage } from '../../../../core/events/out/formats/slack.ts';
import { teamsMessage } from '../../../../core/events/out/formats/teams.ts';
import { newsType } from '../../../../core/events/out/news.ts';
import { purlOf } from '../../../../core/events/out/purl.ts';
import { testPlan } from '../../../support/plans.ts';
import { runId, tell, workflowId } from './told.ts';

const sha = 'a'.repeat(40);
const plan = { ...testPlan({ shares: [500_000, 1_000_000], approveAt: 0 }), version: sha };
const all = tell(plan, ({ phase }) => (phase === 'gated' ? { type: 'approve', atMs: 0, reason: 'fine' } : null)).events;
const event = (kind: 'gated' | 'ended' | 'started'): CloudEvent =>
  all.find(({ type }) => type === newsType(kind)) ?? ({} as never);
const links = { run: 'https://temporal.example.com/run', approve: 'https://tidegate.example.com/approve/t' };

interface SlackBody {
  readonly blocks: readonly { readonly type: string; readonly elements?: readonly Record<string, string>[] }[];
}

describe('Slack', () => {
  const bodyOf = (kind: 'gated' | 'ended'): SlackBody => JSON.parse(slackMessage(event(kind), links).body) as SlackBody;
  const buttons = (kind: 'gated' | 'ended') =>
    bodyOf(kind).blocks.find(({ type }) => type === 'actions')?.elements ?? [];

  it('a gate has buttons that can act on this one step of this one run only', () => {
    const steering = buttons('gated').filter(({ value }) => value !== undefined);
    const said = steering.map(({ value = '' }) => JSON.parse(value) as SteerData);
    expect(said.map(({ action }) => action)).toEqual(['approve', 'abort']);
    expect(steering.map(({ action_id }) => action_id)).toEqual(['approve', 'abort']);
    for (const { step, service } of said)
      expect([step, service]).toEqual([{ workflowId, runId, wave: 0, step: 0 }, 'checkout']);
  });

  it('an end has none', () => expect(buttons('ended').every(({ value }) => value === undefined)).toBe(true));

  it('names mesh, clusters, wave and step', () => {
    const text = JSON.stringify(bodyOf('gated'));
    for (const fact of ['shop/checkout', 'aws-us-east-1', '1 of 2 (canary)', 'healthy']) expect(text).toContain(fact);
  });
});

describe('Teams', () => {
  it('is a card with the link to approve, for nothing can be pressed there', () => {
    const { body } = teamsMessage(event('gated'), links);
    const { attachments } = JSON.parse(body) as {
      attachments: { content: { type: string; actions: { type: string; url: string }[] } }[];
    };
    expect(attachments[0]?.content.type).toBe('AdaptiveCard');
    expect(attachments[0]?.content.actions.map(({ type, url }) => [type, url])).toEqual([
      ['Action.OpenUrl', links.approve],
      ['Action.OpenUrl', links.run],
    ]);
  });
});

describe('a template', () => {
  it('stays JSON whatever the values are', () => {
    const hostile = {
      ...event('ended'),
      data: { ...(event('ended').data as object), reason: 'a "quote"\nand {{data.service}}' },
    };
    const template = '{"text": "{{data.service}}: {{ data.reason }}{{data.nothing.there}}{{data.__proto__.x}}"}';
    const { body } = genericMessage(hostile, { contentType: 'application/json', template });
    expect(JSON.parse(body)).toEqual({ text: 'checkout: a "quote"\nand {{data.service}}' });
  });
});

describe('a commit', () => {
  const sink = { name: 'forge', type: 'github', sha: '' } as ForgeSink;

  it('is running, pending and then as the run has ended', () => {
    const states = (['started', 'gated', 'ended'] as const).map(
      (kind) => commitStatus(sink, event(kind), links.run).state,
    );
    expect(states).toEqual(['running', 'pending', 'success']);
  });

  it('has a deployment per cluster, named by the run', () => {
    const made = clusterDeployments(sink, event('ended'));
    expect(made.map(({ environment, state }) => [environment, state])).toEqual(
      ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'].map((name) => [name, 'success']),
    );
    expect(new Set(made.map(({ task }) => task))).toEqual(new Set([`tidegate:${runId}`]));
  });

  it('is not guessed: a version that is no commit is refused with the remedy', () => {
    const other = tell(testPlan()).events[0] ?? ({} as never);
    expect(() => commitStatus(sink, other, '')).toThrow('is no whole commit hash');
  });
});

describe('package URLs', () => {
  const built = { namespace: 'shop', service: 'checkout', version: 'v2' };
  it.each([
    [undefined, 'pkg:generic/shop/checkout@v2'],
    ['ghcr.io/acme/checkout:v2@sha256:ab', 'pkg:oci/checkout@sha256:ab?repository_url=ghcr.io/acme/checkout&tag=v2'],
    ['localhost:5000/checkout', 'pkg:oci/checkout?repository_url=localhost:5000/checkout'],
    ['checkout:v2', 'pkg:oci/checkout?tag=v2'],
  ])('of %s', (image, purl) => expect(purlOf({ ...built, ...(image !== undefined && { image }) })).toBe(purl));
});
