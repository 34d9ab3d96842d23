/** What a watch looks at: every serving cluster where the new version has a share, beside the version it replaces. */
import type { WatchStratum } from '../contract/activities.ts';
import type { Plan } from '../contract/plan.ts';
import { statName } from '../routing/names.ts';

export function strataOf(
  plan: Plan,
  shares: Readonly<Record<string, number>>,
  sinceMs: Readonly<Record<string, number>>,
): WatchStratum[] {
  const { namespace, service } = plan.service;
  return Object.entries(shares)
    .filter(([, share]) => share > 0)
    .map(([serving, share]) => {
      const oldVersion = plan.replaces[serving] ?? '';
      const stat = (version: string): string =>
        version === '' ? '' : statName({ namespace, service, version, cluster: serving });
      return {
        serving,
        share,
        newVersion: plan.version,
        oldVersion,
        newStat: stat(plan.version),
        oldStat: stat(oldVersion),
        clients: plan.routes[serving] ?? [],
        sinceMs: sinceMs[serving] ?? 0,
      };
    });
}
