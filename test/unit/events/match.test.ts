import { describe, expect, test } from '@jest/globals';
import { createMatcher } from '../../../core/events/match.ts';
import { heard, trigger } from './given.ts';

const lookOf = (over: Parameters<typeof trigger>[0], given = heard()) =>
  createMatcher([trigger(over)]).match(given).looks[0];

describe('a trigger', () => {
  test('acts on every service of its list, once each', () => {
    const services = { cel: '["shop/checkout", "shop/cart", "shop/cart"]' };
    const { matches } = createMatcher([trigger({ services }), trigger({ name: 'other', senders: ['quay'] })]).match(
      heard(),
    );
    expect(matches).toEqual([
      { trigger: 'images', namespace: 'shop', name: 'checkout' },
      { trigger: 'images', namespace: 'shop', name: 'cart' },
    ]);
  });

  test('hears its own senders only', () => {
    expect(lookOf({}, heard({}, 'quay'))?.filter).toBe('unheard');
  });

  test('without a filter acts on all of them', () => {
    expect(lookOf({ filter: '' })?.filter).toBe('true');
  });

  test('sees extensions beside attributes, the sender, and who it is', () => {
    const filter = 'event.traceparent.startsWith("00-") && sender == "ghcr" && person.how == "sender"';
    expect(lookOf({ filter })?.filter).toBe('true');
  });

  test('whose filter has no value fails with expression and reason, and matches nothing', () => {
    const look = lookOf({ filter: 'event.data.nothing == 1' });
    expect(look).toMatchObject({ filter: 'failed', services: [] });
    expect(look?.failure).toContain('`event.data.nothing == 1`');
  });

  test.each(['event.data.tag', '1', 'null'])(
    'whose filter %s is neither true nor false fails: it is never taken for false',
    (filter) => {
      const look = lookOf({ filter });
      expect(look?.filter).toBe('failed');
      expect(look?.failure).toContain('not true or false');
    },
  );

  test.each(['"shop/checkout"', '["checkout"]', '["a/b/c"]', '[1]', 'event.data'])(
    'whose services are %s fails with the value',
    (cel) => {
      const look = lookOf({ services: { cel } });
      expect(look).toMatchObject({ filter: 'true', services: [] });
      expect(look?.failure).toContain('namespace/name');
    },
  );

  test('on a click acts on the service that the event names', () => {
    const click = heard({ type: 'dev.tidegate.steered', data: { namespace: 'shop', service: 'cart' } });
    const look = lookOf({ filter: '', services: [], action: { type: 'steered' } }, click);
    expect(look?.services).toEqual([{ namespace: 'shop', name: 'cart' }]);
  });
});
