import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { KubeObject } from './kube-client.ts';

const run = promisify(execFile);
const ciliumLab = fileURLToPath(new URL('../cilium-lab', import.meta.url));

/** What Cilium's agent control plane and clustermesh-apiserver read, and what people may expect beside CECs. */
const files = [
  'v2/ciliumclusterwideenvoyconfigs.yaml',
  'v2/ciliumendpoints.yaml',
  'v2/ciliumenvoyconfigs.yaml',
  'v2/ciliumidentities.yaml',
  'v2/ciliumloadbalancerippools.yaml',
  'v2/ciliumlocalredirectpolicies.yaml',
  'v2/ciliumnodeconfigs.yaml',
  'v2/ciliumnodes.yaml',
  'v2alpha1/ciliumendpointslices.yaml',
];

/** Cilium's own custom resource definitions, from the Go module that the lab's binaries are built of. */
export async function ciliumCrds(): Promise<KubeObject[]> {
  const { stdout } = await run('go', ['list', '-mod=mod', '-m', '-f', '{{.Dir}}', 'github.com/cilium/cilium'], {
    cwd: ciliumLab,
    env: { ...process.env, GOFLAGS: '-mod=mod' },
  });
  const folder = join(stdout.trim(), 'pkg/k8s/apis/cilium.io/client/crds');
  return Promise.all(files.map(async (file) => parse(await readFile(join(folder, file), 'utf8')) as KubeObject));
}
