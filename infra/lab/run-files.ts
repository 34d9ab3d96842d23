import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workbench, ClusterWorkbench } from './workbench.ts';
import { labConfig } from './config.ts';
import type { LabDoor } from './front-door.ts';
import { kubeconfig } from './api/kubeconfig.ts';
import { stateFile, type LabClusterState, type LabState } from './lab-state.ts';
import { writeJsonFile } from './json-file.ts';

interface RunningParts {
  readonly adminPorts: Map<string, number>;
  /** '' without traffic, as the next two. */
  readonly prometheusUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  readonly door: LabDoor | undefined;
}

/** Writes what people and Tidegate need of a lab into its run directory: kubeconfig, config, lab.json. */
export function writeRunFiles({ spec, slot }: Workbench, benches: ClusterWorkbench[], parts: RunningParts): LabState {
  const merged = join(spec.runDir, 'kubeconfig');
  const admins = benches.map(({ cluster, api }) => ({
    name: cluster.name,
    user: 'admin',
    target: api.admin,
    namespace: spec.mesh.services[0]?.namespace ?? 'default',
  }));
  writeFileSync(merged, kubeconfig(admins), { mode: 0o600 });
  const configDir = join(spec.runDir, 'config');
  mkdirSync(configDir, { recursive: true });
  const clusters: LabClusterState[] = benches.map(({ cluster, api, envoys, kubeconfig: file }) => ({
    name: cluster.name,
    id: cluster.id,
    server: api.admin.server,
    admin: api.admin,
    tidegate: api.tidegate,
    kubeconfig: file,
    envoys,
    ciliumAdminPort: parts.adminPorts.get(cluster.name) ?? 0,
  }));
  const state: LabState = {
    name: spec.name,
    slot,
    runDir: spec.runDir,
    pid: process.pid,
    startedAt: new Date().toISOString(),
    parts: spec.parts,
    mesh: spec.mesh,
    clusters,
    env: {
      KUBECONFIG: merged,
      TEMPORAL_ADDRESS: parts.temporalAddress,
      TEMPORAL_UI_URL: parts.temporalUiUrl,
      PROMETHEUS_URL: parts.prometheusUrl,
      TIDEGATE_CONFIG: configDir,
      TIDEGATE_URL: parts.door?.url ?? '',
      LAB_REGISTRY: parts.door?.registry ?? '',
    },
  };
  for (const [file, content] of Object.entries(labConfig(state, parts.door)))
    writeFileSync(join(configDir, file), content);
  writeJsonFile(join(spec.runDir, stateFile), state);
  return state;
}
