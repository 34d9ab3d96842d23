/** What kubectl tells an exec credential plugin in KUBERNETES_EXEC_INFO; client-node tells it nothing. */
import { fieldAt, present } from '../../../core/values/json.ts';
import type { WrittenContext } from './kubeconfig-user.ts';

/** Under this name a cluster holds settings for plugins. */
const EXTENSION = 'client.authentication.k8s.io/exec';

/** An ExecCredential as JSON. Nobody sits at the worker, so it is never interactive. */
export function execInfo({ cluster, user }: WrittenContext): string {
  const { exec } = user;
  const told = fieldAt(exec, 'provideClusterInfo') === true ? { cluster: clusterInfo(cluster) } : {};
  return JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: fieldAt(exec, 'apiVersion'),
    spec: { ...told, interactive: false },
  });
}

function clusterInfo(cluster: Record<string, unknown>): Record<string, unknown> {
  const extensions = cluster['extensions'];
  const entry = (Array.isArray(extensions) ? (extensions as unknown[]) : []).find(
    (one) => fieldAt(one, 'name') === EXTENSION,
  );
  return present({
    server: cluster['server'],
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
    'certificate-authority-data': cluster['certificate-authority-data'],
    'proxy-url': cluster['proxy-url'],
    config: fieldAt(entry, 'extension'),
  });
}
