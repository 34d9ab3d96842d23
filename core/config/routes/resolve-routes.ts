/** spec.testers and spec.sticky as plans have them. */
import type { Mark } from '../../routing/record.ts';
import { present } from '../../values/json.ts';
import type { WrittenService } from '../service-schema.ts';
import type { ServiceConfig, StickySettings } from '../types.ts';

export const routesIn = ({ metadata, spec }: WrittenService): Pick<ServiceConfig, 'testers' | 'sticky'> =>
  present({ testers: markOf(spec.testers), sticky: stickyIn(spec.sticky, metadata.name) });

/** Checked: one of the two is there. Envoy knows headers by their small letters. */
function markOf({ header, cookie }: WrittenService['spec']['testers'] = {}): Mark | undefined {
  if (cookie !== undefined) return { cookie: cookie.name, value: cookie.value };
  return header && { header: header.name.toLowerCase(), ...present({ value: header.value }) };
}

const stickyIn = (written: WrittenService['spec']['sticky'], service: string): StickySettings | undefined =>
  written && {
    cookie: written.cookie ?? `tidegate-${service}`,
    ttlMs: written.ttl,
    ...(written.keeps === 'new' && { keeps: written.keeps }),
  };
