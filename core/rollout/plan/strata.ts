/** What a watch looks at: every serving cluster where the new version has a share, beside the version it replaces. */
import type { WatchStratum } from '../../judge/look/watch.ts';
import { statName } from '../../routing/names.ts';
import { versionIn } from './adopted.ts';
import type { Plan } from './plan.ts';

export function strataOf(
  plan: Plan,
  { shares, wave }: { readonly shares: Readonly<Record<string, number>>; readonly wave: number },
  sinceMs: Readonly<Record<string, number>>,
): WatchStratum[] {
  const { namespace, service } = plan.service;
  // Clients whose adoption comes with a later wave do not go through Envoy yet: there is nothing to see of them.
  const later = plan.kind === 'adopt' ? plan.waves.slice(wave + 1).flatMap((one) => one.clients) : [];
  return Object.entries(shares)
    .filter(([, share]) => share > 0)
    .map(([serving, share]) => {
      const newVersion = versionIn(plan, serving);
      // Nothing else serves in the cluster meanwhile: it is held against its objectives alone.
      const oldVersion = plan.kind === 'adopt' || plan.part === 'topology' ? '' : (plan.replaces[serving] ?? '');
      const stat = (version: string): string =>
        version === '' ? '' : statName({ namespace, service, version, cluster: serving });
      return {
        serving,
        share,
        newVersion,
        oldVersion,
        newStat: stat(newVersion),
        oldStat: stat(oldVersion),
        clients: (plan.routes[serving] ?? []).filter((client) => !later.includes(client)),
        sinceMs: sinceMs[serving] ?? 0,
      };
    });
}

/** The running versions in the place of new ones: what a plan measures before anything moves. */
export function runningStrata(plan: Plan): WatchStratum[] {
  const { namespace, service } = plan.service;
  const serving = [...new Set(plan.waves.flatMap((wave) => wave.serving))];
  return serving.flatMap((cluster) => {
    const version = plan.replaces[cluster] ?? '';
    if (version === '') return [];
    const newStat = statName({ namespace, service, version, cluster });
    const clients = plan.routes[cluster] ?? [];
    return [
      { serving: cluster, share: 0, newVersion: version, oldVersion: '', newStat, oldStat: '', clients, sinceMs: 0 },
    ];
  });
}
