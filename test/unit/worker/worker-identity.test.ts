import { describe, expect, it } from '@jest/globals';
import {
  identityText,
  isGone,
  ownIdentity,
  parseIdentity,
  POLLS_WITHIN_MS,
  type Sight,
} from '../../../platform/temporal/worker-identity.ts';

const own = { pid: 7, host: 'worker-0', start: 'now' };
const nowMs = 1_000_000;
const sight = (more: Partial<Sight> = {}): Sight => ({
  own,
  nowMs,
  polledAtMs: new Map(),
  hasProcess: () => false,
  ...more,
});

describe('the identity of a worker', () => {
  it('names process, host and start, and is read back', () => {
    expect(parseIdentity(identityText(own))).toEqual(own);
    expect(identityText(ownIdentity())).toBe(identityText(ownIdentity()));
    expect(parseIdentity('7@worker-0')).toBeNull();
  });

  it('tells a worker from its former self in the same container, which had the same pid', () => {
    expect(isGone('7@worker-0#before', sight({ hasProcess: () => true }))).toBe(true);
    expect(isGone(identityText(own), sight())).toBe(false);
  });

  it('takes another process of the same host for dead once there is none of that pid, however short ago it polled', () => {
    const polledAtMs = new Map([['8@worker-0#x', nowMs]]);
    expect(isGone('8@worker-0#x', sight({ polledAtMs }))).toBe(true);
    expect(isGone('8@worker-0#x', sight({ polledAtMs, hasProcess: (pid) => pid === 8 }))).toBe(false);
  });

  it('takes a worker of another host for dead when it has not polled for longer than a poll lasts', () => {
    const at = (ms: number): Sight => sight({ polledAtMs: new Map([['1@worker-1#x', ms]]) });
    expect(isGone('1@worker-1#x', at(nowMs - POLLS_WITHIN_MS))).toBe(false);
    expect(isGone('1@worker-1#x', at(nowMs - POLLS_WITHIN_MS - 1))).toBe(true);
    expect(isGone('1@worker-1#x', sight())).toBe(true);
  });

  it('leaves alone whom it cannot tell: an older worker, or somebody else', () => {
    expect(isGone('1234@laptop', sight())).toBe(false);
    expect(isGone('', sight())).toBe(false);
  });
});
