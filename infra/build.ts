/** Makes `dist` for publishing: Node does not strip types below node_modules. Nothing in development needs it. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';

/** What the programs read at run time beside code: the lab's Go sources and the manifests. */
const assets = ['infra/lab/cilium-lab', 'infra/lab/kube', 'infra/kubernetes'];

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const asset of assets) cpSync(asset, `dist/${asset}`, { recursive: true });
process.exitCode = status ?? 1;
