/** Settings that several benches share, so that their numbers belong together. */
import { thresholdDefaults } from '../../core/config/defaults.ts';
import type { ThresholdSettings } from '../../core/judge/settings.ts';
import { parseDuration } from '../../core/values/duration.ts';

/** Pods export and Envoys are scraped that often, ms. */
export const metricsIntervalMs = 2_000;

/** Requests per second of each cluster. */
export const rate = 200;

/** What a Service gets that asks for the threshold judge and says no more: so do the lab benches. */
export const judge: ThresholdSettings = {
  pollMs: parseDuration(thresholdDefaults.interval) ?? NaN,
  windowMs: parseDuration(thresholdDefaults.window) ?? NaN,
  minRequests: thresholdDefaults.minRequests,
  minBad: thresholdDefaults.minBad,
  alpha: thresholdDefaults.alpha,
};

export const judgeText = ({ pollMs, windowMs, minRequests, minBad, alpha }: ThresholdSettings): string =>
  `threshold with its default settings, a look every ${pollMs / 1000} s, window ${windowMs / 1000} s, minRequests ${minRequests}, minBad ${minBad}, alpha ${alpha}`;

export const slosText = 'the default: at most 1 % errors, as the pods count them and as the Envoys count them';

export const labText = (perSecond: number = rate, clusters = 3): string =>
  `shop: ${clusters === 1 ? '1 cluster, 2 Envoys' : '3 clusters, 4 Envoys'}, all of a lab on this machine; ${perSecond} requests/s from each cluster, half on new connections, no retries`;

export const metricsText = `pods export and Envoys are scraped every ${metricsIntervalMs / 1000} s`;
