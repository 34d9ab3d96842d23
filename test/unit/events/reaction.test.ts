import { describe, expect, test } from '@jest/globals';
import { reactionOf } from '../../../core/events/reaction.ts';
import { heard, trigger } from './given.ts';

const step = { workflowId: 'rollout:default:shop:shop:checkout:versions', runId: 'r1', wave: 0, step: 1 };

describe('a reaction', () => {
  test('to a push lists tags: the tag of the event is not taken from it', () => {
    const reaction = reactionOf(trigger(), heard());
    expect(reaction).toMatchObject({ kind: 'choose', repository: 'ghcr.io/acme/checkout', onConflict: 'queue' });
    expect(JSON.stringify(reaction)).not.toContain('1.2.3');
  });

  test('of a map has its values, and names trigger and event in the reason', () => {
    const map = { version: 'event.data.tag', image: '', reason: '"push of " + event.data.tag' };
    const action = { type: 'deploy', from: null, onConflict: 'reject' } as const;
    expect(reactionOf(trigger({ map, action }), heard())).toEqual({
      kind: 'deploy',
      version: '1.2.3',
      image: '',
      onConflict: 'reject',
      reason: 'push of 1.2.3 (trigger images, event e1)',
    });
  });

  test('whose map gives no text is refused with expression and value', () => {
    const map = { version: 'event.data', image: '', reason: '' };
    const action = { type: 'deploy', from: null, onConflict: 'reject' } as const;
    expect(() => reactionOf(trigger({ map, action }), heard())).toThrow(/`event.data` is \{"image":.*not a text/u);
  });

  test('to a click acts at the step that it names', () => {
    const data = { action: 'approve', namespace: 'shop', service: 'checkout', step, reason: 'looks good' };
    const reaction = reactionOf(trigger({ action: { type: 'steered' } }), heard({ data }));
    expect(reaction).toMatchObject({ kind: 'steer', saying: 'approve', of: step });
    expect(reaction.reason).toMatch(/^looks good; /u);
  });

  test.each([
    ['without an action', { step }, 'data.action'],
    ['with an action that nobody knows', { action: 'delete', step }, '"delete"'],
    ['without a run', { action: 'abort' }, 'names no run'],
    ['without a step', { action: 'abort', step: { workflowId: 'w', runId: 'r' } }, 'names no step: wave and step'],
    ['without a service', { action: 'abort', namespace: 'shop', step }, 'data.service is no name'],
  ])('to a click %s is refused', (_, data, why) => {
    expect(() => reactionOf(trigger({ action: { type: 'steered' } }), heard({ data }))).toThrow(why);
  });

  test('by a trigger to abort is about whatever runs', () => {
    expect(reactionOf(trigger({ action: { type: 'abort' } }), heard())).toMatchObject({
      kind: 'steer',
      saying: 'abort',
      of: null,
    });
  });
});
