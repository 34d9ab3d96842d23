/** Is what the API server stores what we asked for? It prunes, defaults and adds; other managers add and change. */
import { canonicalJson } from '../values/canonical.ts';
import type { Manifest } from './objects.ts';
import { isRecord } from '../values/json.ts';

const shown = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : canonicalJson(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
};

interface Comparison {
  readonly path: string;
  /** May `live` have fields that were not asked for? Never inside lists: an added port or route changes the meaning. */
  readonly extras: boolean;
}

const differences = (desired: unknown, live: unknown, { path, extras }: Comparison): string[] => {
  if (isRecord(desired) && isRecord(live)) {
    const added = extras ? [] : Object.keys(live).filter((name) => !Object.hasOwn(desired, name));
    return [
      ...added.map((name) => `${path}.${name}: asked for nothing, stored ${shown(live[name])}`),
      ...Object.entries(desired)
        .filter(([, value]) => value !== undefined)
        .flatMap(([name, value]) => differences(value, live[name], { path: `${path}.${name}`, extras })),
    ];
  }
  if (Array.isArray(desired) && Array.isArray(live) && desired.length === live.length) {
    return desired.flatMap((item: unknown, index) =>
      differences(item, live[index], { path: `${path}[${String(index)}]`, extras }),
    );
  }
  const same = canonicalJson(desired ?? null) === canonicalJson(live ?? null);
  return same ? [] : [`${path}: asked for ${shown(desired)}, stored ${shown(live)}`];
};

const selectorOf = (spec: unknown): unknown => (isRecord(spec) ? (spec['selector'] ?? {}) : {});

/**
 * Every field where the stored object is not what we asked for, with both values; empty when it is. Metadata and specs
 * may hold more than we asked for (defaults, other managers' labels), with two exceptions where more means something
 * else: the spec of a CiliumEnvoyConfig, which nothing defaults, and the selector of a Service, even of a stub without.
 */
export const contradictions = (desired: Manifest, live: unknown): string[] => {
  if (!isRecord(live)) return [`${desired.kind} ${desired.metadata.namespace}/${desired.metadata.name}: not stored`];
  const { spec, ...rest } = desired;
  const exact = desired.kind === 'CiliumEnvoyConfig';
  const found = [
    ...differences(rest, live, { path: '', extras: true }),
    ...differences(spec, live['spec'], { path: '.spec', extras: !exact }),
    ...(desired.kind === 'Service'
      ? differences(selectorOf(spec), selectorOf(live['spec']), { path: '.spec.selector', extras: false })
      : []),
  ];
  return [...new Set(found.map((line) => line.slice(1)))];
};
