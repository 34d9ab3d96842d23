/** Requests that ask whether a process lives: no caller is served by them, and they succeed while all others fail. */
import type { Slo } from '../settings.ts';
import type { Labels } from './raw-series.ts';

/** Routes that count as probes where the Service document names none, as `http.route` has them. */
export const DEFAULT_PROBE_ROUTES: readonly string[] = [
  ...['/healthz', '/livez', '/readyz', '/startupz', '/health', '/live', '/ready'],
  ...['/health/live', '/health/ready', '/health/startup', '/healthz/live', '/healthz/ready', '/-/healthy', '/-/ready'],
  ...['/actuator/health', '/actuator/health/liveness', '/actuator/health/readiness', '/actuator/health/**'],
];

/** A service has one list, which its SLOs carry. undefined: the usual one. */
export const probeRoutesOf = (slos: readonly Pick<Slo, 'source' | 'probeRoutes'>[]): readonly string[] | undefined =>
  slos.find(({ source }) => source === 'server')?.probeRoutes;

/** Kubernetes' kubelet, and the health checkers of clouds and of Envoy. */
const PROBE_AGENTS = /^(?:kube-probe|GoogleHC|ELB-HealthChecker|Envoy\/HC)/i;
const AGENT_LABELS = ['user_agent_original', 'user_agent_name', 'http_user_agent', 'user_agent'] as const;

const GRPC_HEALTH = 'grpc.health.v1.Health';

export const isProbe = (labels: Labels, routes: readonly string[] = DEFAULT_PROBE_ROUTES): boolean =>
  isProbeRoute(labels['http_route'] ?? '', routes) ||
  AGENT_LABELS.some((name) => PROBE_AGENTS.test(labels[name] ?? '')) ||
  labels['rpc_service'] === GRPC_HEALTH ||
  (labels['rpc_method'] ?? '').startsWith(`${GRPC_HEALTH}/`);

/** A slash at the end, as some frameworks write it, makes no other route. */
const isProbeRoute = (route: string, routes: readonly string[]): boolean =>
  route !== '' && routes.some((one) => withoutSlash(one) === withoutSlash(route));

const withoutSlash = (route: string): string => (route.length > 1 ? route.replace(/\/$/, '') : route);
