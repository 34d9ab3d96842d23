/** A registry of images, the one that others are measured by (CNCF distribution): it tells the front door of every push. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { TidegateError } from '../../core/values/error.ts';
import { freePorts } from './ports.ts';
import { untilReady, type LabProcess, type ProcessStarter } from './processes/process.ts';

/** Who hears of pushes. */
export interface Hearer {
  readonly url: string;
  readonly token: string;
}

export async function startRegistry(
  starter: ProcessStarter,
  { dir, hearer }: { dir: string; hearer: Hearer },
): Promise<{ process: LabProcess; host: string }> {
  const [port] = (await freePorts(1)) as [number];
  const host = `127.0.0.1:${port}`;
  const file = join(dir, 'registry.yaml');
  writeFileSync(file, stringify(registryConfig({ host, dir, hearer })), { mode: 0o600 });
  const process = starter.start({
    name: 'registry',
    command: 'registry',
    args: ['serve', file],
    env: { OTEL_TRACES_EXPORTER: 'none' },
  });
  await untilReady('the registry', async () => (await fetch(`http://${host}/v2/`)).ok, { needs: [process] });
  return { process, host };
}

const registryConfig = ({ host, dir, hearer }: { host: string; dir: string; hearer: Hearer }): unknown => ({
  version: 0.1,
  log: { level: 'warn', accesslog: { disabled: true } },
  storage: { filesystem: { rootdirectory: join(dir, 'registry') } },
  http: { addr: host, secret: randomBytes(16).toString('hex') },
  notifications: {
    endpoints: [
      {
        name: 'tidegate',
        url: hearer.url,
        headers: { Authorization: [`Bearer ${hearer.token}`] },
        timeout: '2s',
        threshold: 3,
        backoff: '1s',
      },
    ],
  },
});

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/** Pushes an image of one small layer, as `docker push` does; each tag has a digest of its own. */
export async function pushImage(
  host: string,
  { repository, tag }: { repository: string; tag: string },
): Promise<string> {
  const push = async (content: string): Promise<{ digest: string; size: number }> => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const opened = await asked(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const target = new URL(opened.headers.get('location') ?? '', `http://${host}`);
    target.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await asked(target.href, { method: 'PUT', body: content, headers });
    return { digest, size: Buffer.byteLength(content) };
  };
  const layer = await push(`${repository}:${tag}\n`);
  const image = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } };
  const config = await push(JSON.stringify(image));
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, ...config },
    layers: [{ mediaType: types.layer, ...layer }],
  };
  const put = await asked(`http://${host}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    body: JSON.stringify(manifest),
    headers: { 'content-type': types.manifest },
  });
  return put.headers.get('docker-content-digest') ?? '';
}

async function asked(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.ok) return response;
  throw new TidegateError('Unavailable', `${init.method ?? 'GET'} ${url}: ${response.status} ${await response.text()}`);
}
