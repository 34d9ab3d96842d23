import { stringify } from 'yaml';
import type { KubeTarget } from './kube-client.ts';
import { present } from '../../../core/values/json.ts';

/** One kubeconfig with a context per entry; the first one is current. */
export function kubeconfig(
  entries: readonly { name: string; user: string; target: KubeTarget; namespace?: string }[],
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': entries[0]?.name ?? '',
    clusters: entries.map(({ name, target }) => ({
      name,
      cluster: {
        server: target.server,
        'certificate-authority-data': Buffer.from(target.ca).toString('base64'),
      },
    })),
    users: entries.map(({ name, user, target }) => ({ name: `${user}@${name}`, user: { token: target.token } })),
    contexts: entries.map(({ name, user, namespace }) => ({
      name,
      context: { cluster: name, user: `${user}@${name}`, ...present({ namespace }) },
    })),
  });
}
