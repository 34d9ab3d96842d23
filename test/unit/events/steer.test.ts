import { describe, expect, test } from '@jest/globals';
import { parseSteerData, sayings } from '../../../core/events/steer.ts';
import { refuseMessage } from '../../../core/rollout/machine/refuse.ts';
import { initialState } from '../../../core/rollout/machine/state.ts';
import { parseSteeredStep, unnamedIn } from '../../../core/rollout/steered-step.ts';
import { clicksOf } from '../../../functions/senders/slack/normalise.ts';

const step = { workflowId: 'rollout:default:shop:shop:checkout:versions', runId: 'r', wave: 0, step: 1 };
const data = { action: 'approve', namespace: 'shop', service: 'checkout', step, reason: 'looks good' };
const click = (value: unknown) => clicksOf({ actions: [{ action_id: 'a', value: JSON.stringify(value) }] })[0];

const incomplete: readonly (readonly [string, object])[] = [
  ['without a wave', { wave: undefined }],
  ['without a step', { step: undefined }],
  ['with a wave that is a text', { wave: '0' }],
  ['with half a step', { step: 0.5 }],
  ['with a wave before any', { wave: -2 }],
];

describe('what a person says, by whichever way it comes', () => {
  test.each(sayings)('%s is read alike from an event, a link and a button', (action) => {
    expect(parseSteerData({ ...data, action })).toEqual({ ...data, action });
    expect(click({ ...data, action })).toMatchObject({ event: { data: { ...data, action } } });
  });

  test('has the reason of its way where none is given, and one that is too long is cut', () => {
    expect(parseSteerData({ ...data, reason: '' }).reason).toBe('no reason given');
    expect(click({ ...data, reason: undefined })).toMatchObject({ event: { data: { reason: 'pressed in Slack' } } });
    expect(parseSteerData({ ...data, reason: 'x'.repeat(5_000) }).reason).toHaveLength(1_000);
  });

  test.each(incomplete)('%s is refused: that any step is meant must be written', (_, wrong) => {
    const sent = { ...data, step: { ...step, ...wrong } };
    expect(() => parseSteerData(sent)).toThrow('data.step names no step');
    expect(click(sent)).toMatchObject({ problem: { status: 400, at: 'actions[0].value' } });
  });

  test('with -1 is about any step', () => {
    const any = { ...step, wave: -1, step: -1 };
    expect(parseSteerData({ ...data, step: any }).step).toEqual(any);
  });
});

describe('a message that somebody writes by hand', () => {
  const state = { ...initialState, phase: 'baking' as const };
  const refusal = (type: 'promote' | 'abort', of: object): string => {
    const named = parseSteeredStep(of);
    if (named === undefined) return '';
    return refuseMessage(type, state, { of: named, unnamed: unnamedIn(of) });
  };

  test.each(incomplete)('%s does not go forward, and an abort goes all the same', (_, wrong) => {
    const of = { ...step, ...wrong };
    expect(refusal('promote', of)).toContain('write wave and step as whole numbers, or -1 for any');
    expect(refusal('abort', of)).toBe('');
  });

  test('that says -1 goes forward at any step', () => {
    expect(refusal('promote', { ...step, wave: -1, step: -1 })).toBe('');
  });
});
