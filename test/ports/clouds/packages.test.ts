/** A process without the SDKs: nobody loads one that no cluster asks for, and who asks for one is told what to install. */
import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../../..');

/** Finds no package of a cloud, as if none were installed; says which one was asked for. */
const hooks = `
import { registerHooks } from 'node:module';
registerHooks({
  resolve(name, context, next) {
    if (/^(@aws-sdk|@smithy|@azure|google-auth-library)/.test(name)) {
      process.stderr.write('asked for ' + name + '\\n');
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    }
    return next(name, context);
  },
});`;

const program = `
const { createClusters } = await import('./platform/kube/clusters.ts');
await import('./worker/activities.ts');
process.stderr.write('loaded\\n');
const ways = [
  { kind: 'eks', cluster: 'c', region: 'us-east-1' },
  { kind: 'gke', projectNumber: '123456', location: 'global', membership: 'm' },
  { kind: 'aks', subscription: 's', resourceGroup: 'g', cluster: 'c', cloud: 'public' },
];
const clusters = createClusters({ deadlineMs: 30_000 });
for (const access of ways) {
  const { code, message, fix } = await clusters.connect({ name: 'one', access }).ask('/version').catch((error) => error);
  process.stdout.write(JSON.stringify({ code, message, fix }) + '\\n');
}
await clusters.close();`;

describe('SDKs of clouds', () => {
  it('are not loaded by a worker, and a missing one is named with the command that installs it', async () => {
    const register = `data:text/javascript,${encodeURIComponent(hooks)}`;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--no-warnings', '--import', register, '--input-type=module', '--eval', program],
      { cwd: root, env: { ...process.env, NODE_OPTIONS: '' } },
    );
    expect(stderr.split('\n')[0]).toBe('loaded');
    const needs = (way: string, packages: string) => ({
      code: 'Unavailable',
      message: `one: access by ${way} needs packages that are not installed here`,
      fix: `npm install ${packages}`,
    });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      needs('eks', '@aws-sdk/client-eks @aws-sdk/credential-providers @smithy/signature-v4'),
      needs('gke', 'google-auth-library'),
      needs('aks', '@azure/identity'),
    ]);
  }, 120_000);
});
