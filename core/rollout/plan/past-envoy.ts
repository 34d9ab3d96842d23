/** How many callers go past Envoy, by the difference of two counts: what the pods answered, and what Envoys sent them. */
import type { MeasuredTraffic } from '../../judge/look/watch.ts';
import { namesText } from '../../values/names-text.ts';
import { formatShare, WHOLE } from '../../values/share.ts';
import type { Plan } from './plan.ts';

/** Requests that both sides must have counted between them before a difference says anything. */
const ENOUGH = 200;
/** Below that the difference may be that of scrapes at different moments, 0..1. */
const NOISE = 0.03;

/** For the reader of a plan that moves pins. One sentence; none where nothing is pinned. */
export function pastEnvoyNotes({ pins, waves }: Plan, traffic: readonly MeasuredTraffic[]): string[] {
  if (pins === undefined) return [];
  const clusters = [...new Set(waves.flatMap(({ serving }) => serving))];
  const found = clusters.map((cluster) => ({ cluster, share: pastEnvoy(cluster, traffic) }));
  const known = found.flatMap(({ cluster, share }) => (share === null ? [] : [{ cluster, share }]));
  if (known.length === 0)
    return ['callers past Envoy: not known; it takes requests of the last minutes, counted by servers and by Envoys'];
  const some = known.filter(({ share }) => share >= NOISE).sort((a, b) => b.share - a.share);
  const unknown = found.length - known.length;
  const rest = unknown === 0 ? '' : `; not known in ${String(unknown)} of ${String(found.length)} clusters`;
  if (some.length === 0) return [`callers past Envoy: none seen in the last minutes${rest}`];
  const told = namesText(some.map(({ cluster, share }) => `${formatShare(rounded(share))} in ${cluster}`));
  return [`callers past Envoy: about ${told}, of what the pods answer (or by Envoys that are not scraped)${rest}`];
}

const rounded = (share: number): number => (Math.round(share * 100) / 100) * WHOLE;

/** 0..1; null: one of the sides has counted too little, or nobody asked it. */
function pastEnvoy(cluster: string, traffic: readonly MeasuredTraffic[]): number | null {
  const counted = (source: MeasuredTraffic['source']): MeasuredTraffic[] =>
    traffic.filter((one) => one.cluster === cluster && one.source === source);
  const [server, envoy] = [counted('server'), counted('envoy')];
  const total = (all: readonly MeasuredTraffic[]): number => Math.max(0, ...all.map((one) => one.total));
  if (envoy.length === 0 || total(server) < ENOUGH) return null;
  const rate = (all: readonly MeasuredTraffic[]): number => Math.max(0, ...all.map(({ perSecond }) => perSecond));
  return Math.max(0, 1 - rate(envoy) / rate(server));
}
