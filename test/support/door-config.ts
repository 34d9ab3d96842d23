/** Config of a front door: one service, who may send, and what shall happen. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeMesh } from './mesh-file.ts';

const document = (kind: string, name: string, rest: object): object => ({
  ...{ apiVersion: 'tidegate.dev/v1alpha1', kind, metadata: { name } },
  ...rest,
});

/** Every event of sender `ci` (token in $CI_TOKEN) is for shop/checkout. */
export async function writeDoorConfig(dir: string): Promise<void> {
  await writeMesh({ dir, clusters: [{ name: 'aws', access: { kind: 'kubeconfig', path: 'kubeconfig' } }] });
  const documents = [
    document('Service', 'checkout', { metadata: { name: 'checkout', namespace: 'shop' }, spec: { mesh: 'shop' } }),
    document('Sender', 'ci', {
      spec: { type: 'cloudevents', secrets: [{ env: 'CI_TOKEN' }], rateLimit: { perMinute: 60_000, burst: 10_000 } },
    }),
    document('Trigger', 'on-push', {
      spec: { senders: ['ci'], services: ['shop/checkout'], action: { type: 'undo' } },
    }),
  ];
  await Promise.all(documents.map((one, i) => writeFile(join(dir, `door-${i}.yaml`), JSON.stringify(one))));
}
