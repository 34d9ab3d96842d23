/** Routes that a run's writes open beside the split by weight. */
import type { RunRoutes } from '../../routing/record.ts';
import { present } from '../../values/json.ts';
import type { Plan } from './plan.ts';

/**
 * `enters`: the version that enters with this write; '' for a later one. The route of Jobs is open until the first share:
 * requests with its header would make the counts unlike the weights. Those of testers and of kept users have counters of
 * their own, and stay until the commit or the way back.
 */
export const openRoutes = ({ before, testers, sticky, version }: Plan, enters: string): RunRoutes =>
  present({
    headerRoute: before === undefined || enters === '' ? undefined : enters,
    testers: testers && { version, mark: testers },
    sticky: sticky && { ...sticky, version },
  });

/** Are there requests that go another way than the weights say? */
export const isAside = ({ testers, sticky }: Plan): boolean => testers !== undefined || sticky !== undefined;
