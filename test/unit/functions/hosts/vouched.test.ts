import { describe, expect, it } from '@jest/globals';
import type { SenderConfig } from '../../../../core/config/events/types.ts';
import { attributes, ciSender, config, structured, testDoor } from '../front-door.ts';

const trusting: SenderConfig = { ...ciSender, secrets: [], trust: 'lambda' };

/** A door whose only sender is that one, for which there is no secret at all. */
function doorOf(sender: SenderConfig) {
  const door = testDoor({ tools: { secrets: async () => [], verifyToken: () => Promise.reject(new Error('none')) } });
  door.state.config = { ...config, events: { ...config.events, senders: [sender] } };
  return door;
}

describe('an event that AWS vouches for', () => {
  it('is taken from a Sender that trusts Lambda, without a secret', async () => {
    const door = doorOf(trusting);
    expect((await door.fetch(structured(attributes, {}, '/events/ci'), { vouchedBy: 'aws' })).status).toBe(202);
    expect(door.started.size).toBe(2);
  });

  it('is not taken over the wire, whatever the request says of itself', async () => {
    const door = doorOf(trusting);
    const lies = { vouchedby: 'aws', 'x-vouched-by': 'aws', host: 'lambda.invalid', 'x-amzn-trace-id': 'Root=1' };
    for (const path of ['/events/ci', '/events', '/events/ci?vouchedBy=aws'])
      expect((await door.fetch(structured({ ...attributes, vouchedby: 'aws' }, lies, path))).status).toBe(401);
    expect(door.started.size).toBe(0);
  });

  it('is not taken from a Sender that trusts nobody, even so', async () => {
    const { trust: _, ...sender } = trusting;
    const door = doorOf(sender);
    expect((await door.fetch(structured(attributes, {}, '/events/ci'), { vouchedBy: 'aws' })).status).toBe(401);
  });
});
