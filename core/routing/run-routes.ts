/** Routes of one run beside the split by weight: whoever writes the versions next opens them again, or closes them. */
import { present } from '../values/json.ts';
import type { RoutingRecord, RunRoutes, VersionsPart } from './record.ts';

/** The part with those routes and no others; without any: with none. */
export function withRunRoutes(part: VersionsPart, routes: RunRoutes = {}): VersionsPart {
  const { headerRoute: _header, testers: _testers, sticky: _sticky, ...rest } = part;
  return { ...rest, ...runRoutesOf(routes) };
}

/** Nothing else of what it is given. */
export const runRoutesOf = ({ headerRoute, testers, sticky }: RunRoutes): RunRoutes =>
  present({ headerRoute, testers, sticky });

/** Those that go on once a version is gone. Where it was one of two arms, nobody is to be kept on the other. */
export const routesWithout = ({ headerRoute, testers, sticky }: RunRoutes, version: string): RunRoutes =>
  present({
    headerRoute: headerRoute === version ? undefined : headerRoute,
    testers: testers?.version === version ? undefined : testers,
    sticky: sticky?.version === version ? undefined : sticky,
  });

export const hasRunRoutes = ({ versions }: Pick<RoutingRecord, 'versions'>): boolean =>
  Object.keys(runRoutesOf(versions)).length > 0;
