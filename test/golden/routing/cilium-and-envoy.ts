/**
 * The two judges of a rendered CiliumEnvoyConfig: Cilium's own parser (cec-check), and Envoy on what the parser made of it.
 * Cilium's own filters are dropped, since stock Envoy lacks them; everything that we rendered stays.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Json = Record<string, unknown>;

export interface ParsedResources {
  readonly listeners: Record<string, Json>;
  readonly routes: Record<string, Json>;
  readonly clusters: Record<string, Json>;
}

export type CiliumAnswer =
  ({ readonly ok: true } & ParsedResources) | { readonly ok: false; readonly stage: string; readonly error: string };

/** What Cilium's agent makes of a CiliumEnvoyConfig. */
export const parseByCilium = (binary: string, manifest: unknown): CiliumAnswer => {
  const { stdout, stderr, error } = spawnSync(binary, { input: JSON.stringify(manifest), encoding: 'utf8' });
  if (error !== undefined || stdout === '') throw new Error(`${binary}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout) as CiliumAnswer;
};

const isCiliums = ({ name }: { name?: string }): boolean => name?.startsWith('cilium.') ?? false;

/** As Envoy reads routes from a file, which it watches for another one in its place. */
export const routesFile = (routes: Json, version: number): string =>
  JSON.stringify({
    version_info: String(version),
    resources: [{ '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration', ...routes }],
  });

/**
 * The listener at a loopback address, with its routes inline: then Envoy checks them against the clusters at start. Or
 * with routes from a file, which can change while it runs.
 */
const stockListener = (listener: Json, routes: Record<string, Json>, { listenerPort, live }: BootstrapOptions): Json => {
  const copy = structuredClone(listener) as Json & {
    filter_chains: { filter_chain_match?: unknown; filters: { name: string; typed_config: Json }[] }[];
  };
  for (const field of ['additional_addresses', 'transparent', 'freebind', 'listener_filters'])
    Reflect.deleteProperty(copy, field);
  copy['address'] = { socket_address: { address: '127.0.0.1', port_value: listenerPort } };
  for (const chain of copy.filter_chains) {
    delete chain.filter_chain_match;
    chain.filters = chain.filters.filter((filter) => !isCiliums(filter));
    for (const { typed_config: manager } of chain.filters) {
      const { rds, http_filters: filters } = manager as { rds: { route_config_name: string }; http_filters: Json[] };
      if (live === undefined) {
        delete manager['rds'];
        manager['route_config'] = routes[rds.route_config_name];
      } else {
        writeFileSync(live, routesFile(routes[rds.route_config_name] ?? {}, 0));
        manager['rds'] = { ...rds, config_source: { path_config_source: { path: live } } };
      }
      manager['http_filters'] = filters.filter((filter) => !isCiliums(filter));
    }
  }
  return copy;
};

export interface BootstrapOptions {
  readonly listenerPort: number;
  readonly adminPort: number;
  /** Folder for the endpoint files. */
  readonly directory: string;
  /** Loopback ports by EDS service name. */
  readonly endpoints: Readonly<Record<string, readonly number[]>>;
  /** File that the routes are written to. Absent: they never change. */
  readonly live?: string;
}

const stockCluster = (cluster: Json, index: number, { directory, endpoints }: BootstrapOptions): Json => {
  const copy = structuredClone(cluster) as Json & { eds_cluster_config: { service_name: string; eds_config: Json } };
  const name = copy.eds_cluster_config.service_name;
  const path = join(directory, `endpoints-${String(index)}.json`);
  const address = (port: number): Json => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const assignment = {
    '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
    cluster_name: name,
    endpoints: [{ lb_endpoints: (endpoints[name] ?? []).map((port) => ({ endpoint: { address: address(port) } })) }],
  };
  writeFileSync(path, JSON.stringify({ version_info: '1', resources: [assignment] }));
  copy.eds_cluster_config.eds_config = { path_config_source: { path } };
  for (const options of Object.values(copy['typed_extension_protocol_options'] ?? {}) as Json[])
    delete options['http_filters'];
  return copy;
};

/** A whole Envoy configuration from what Cilium's parser returned. */
export const stockBootstrap = (parsed: ParsedResources, options: BootstrapOptions): Json => ({
  node: { id: 'golden', cluster: 'golden' },
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: options.adminPort } } },
  static_resources: {
    listeners: Object.values(parsed.listeners).map((one) => stockListener(one, parsed.routes, options)),
    clusters: Object.values(parsed.clusters).map((one, index) => stockCluster(one, index, options)),
  },
});

/** '' when Envoy takes the configuration, else what it says. */
export const refusalByEnvoy = (binary: string, parsed: ParsedResources): string => {
  const directory = mkdtempSync(join(tmpdir(), 'tidegate-golden-'));
  try {
    const path = join(directory, 'envoy.json');
    writeFileSync(
      path,
      JSON.stringify(stockBootstrap(parsed, { listenerPort: 0, adminPort: 0, directory, endpoints: {} })),
    );
    const run = spawnSync(binary, ['--mode', 'validate', '-c', path, '--log-level', 'error'], { encoding: 'utf8' });
    return run.status === 0 ? '' : (run.error?.message ?? run.stderr);
  } finally {
    rmSync(directory, { recursive: true });
  }
};
