/** An event, a sender and a trigger; a case changes one thing. */
import type { TriggerConfig } from '../../../core/config/events/types.ts';
import type { CloudEvent } from '../../../core/events/cloud-event.ts';
import type { HeardEvent } from '../../../core/events/match.ts';

export const pushed = (over: Partial<CloudEvent> = {}): CloudEvent => ({
  specversion: '1.0',
  id: 'e1',
  source: 'ghcr.io',
  type: 'dev.tidegate.image.pushed',
  data: { image: 'ghcr.io/acme/checkout', tag: '1.2.3', digest: '', original: {} },
  extensions: { traceparent: '00-1-2-01' },
  ...over,
});

export const heard = (over: Partial<CloudEvent> = {}, sender = 'ghcr'): HeardEvent => ({
  event: pushed(over),
  sender,
  by: { name: sender, how: 'sender' },
});

export const trigger = (over: Partial<TriggerConfig> = {}): TriggerConfig => ({
  name: 'images',
  senders: ['ghcr'],
  filter: 'event.data.image == "ghcr.io/acme/checkout"',
  services: [{ namespace: 'shop', name: 'checkout' }],
  map: { version: '', image: '', reason: '' },
  action: {
    type: 'deploy',
    from: { repository: 'ghcr.io/acme/checkout', policy: { semver: '*' } },
    onConflict: 'queue',
  },
  ...over,
});
