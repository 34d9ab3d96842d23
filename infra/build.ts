/** Makes `dist` for publishing: Node does not strip types below node_modules. Nothing in development needs it. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';

/** What the programs read at run time beside code: the lab's Go sources and the manifests. */
const assets = ['infra/lab/cilium-lab', 'infra/lab/kube', 'infra/kubernetes'];

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const asset of assets) cpSync(asset, `dist/${asset}`, { recursive: true });
// So that a worker needs no bundler at run time (worker/workflow-bundle.ts).
process.exitCode = status ?? 1;
for (const entry of ['index', 'versioned']) {
  const bundled = spawnSync(process.execPath, ['dist/worker/bundle-main.js', entry], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  writeFileSync(`dist/workflow-bundle-${entry}.js`, bundled.stdout);
  process.exitCode ||= bundled.status ?? 1;
}
