/** Many adopted and settled services on one API server, with the config that names them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kinds, resourcePath } from '../../../core/kube/kinds.ts';
import { labels } from '../../../core/kube/labels.ts';
import { renderChecked } from '../../../core/render/checked.ts';
import { deploymentName } from '../../../core/routing/names.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { createNamespace, type TestCluster, type TestClusters } from '../../support/api-server.ts';
import { record } from '../../support/facts.ts';

const version = 'v1';

export interface Settled {
  readonly services: number;
  readonly namespaces: number;
  /** Tells the namespaces of two layouts on one server apart. */
  readonly prefix: string;
}

/** The config directory of the mesh. */
export async function makeSettled(servers: TestClusters, cluster: TestCluster, size: Settled): Promise<string> {
  const names = Array.from({ length: size.namespaces }, (_, i) => `${size.prefix}-${String(i)}`);
  for (const name of names) await createNamespace(servers, name);
  const places = Array.from({ length: size.services }, (_, i) => ({
    service: `service-${String(i)}`,
    namespace: names[Math.floor((i * size.namespaces) / size.services)] ?? '',
  }));
  // A few at a time: the server answers thousands of writes.
  for (let from = 0; from < places.length; from += 8)
    await Promise.all(places.slice(from, from + 8).map((place) => makeOne(cluster, place)));
  const directory = join(servers.dir, size.prefix);
  await mkdir(directory);
  await writeFile(join(directory, 'mesh.yaml'), [meshText(cluster), ...places.map(serviceText)].join('---\n'));
  return directory;
}

interface Place {
  readonly service: string;
  readonly namespace: string;
}

async function makeOne({ admin, ref }: TestCluster, { service, namespace }: Place): Promise<void> {
  const selector = { app: service };
  const own = record(ref.name, { [version]: WHOLE }, { service, namespace });
  const adopted = { ...own, frontend: { ...own.frontend, selector }, pin: version };
  const put = (one: { kind: string; apiVersion: string; metadata: { name: string } }): Promise<unknown> =>
    admin.apply(resourcePath({ ...kinds.service, ...one }, { namespace, name: one.metadata.name }), one);
  const template = { metadata: { labels: { ...selector, [labels.version]: version } } };
  await put({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: service } },
    ...{ spec: { selector: { ...selector, [labels.version]: version }, ports: [{ name: 'http', port: 8080 }] } },
  });
  await admin.apply(`/apis/apps/v1/namespaces/${namespace}/deployments/${deploymentName(service, version)}`, {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
    metadata: {
      name: deploymentName(service, version),
      labels: { [labels.owner]: 'default', [labels.service]: service, [labels.subsetVersion]: version },
    },
    spec: {
      selector: { matchLabels: template.metadata.labels },
      template: {
        ...template,
        spec: { containers: [{ name: 'app', image: 'registry/app:v1', ports: [{ containerPort: 8080 }] }] },
      },
    },
  });
  for (const one of renderChecked({ record: adopted, redirect: true })) await put(one);
}

const meshText = ({ ref }: TestCluster): string => `apiVersion: tidegate.dev/v1alpha1
kind: Mesh
metadata: { name: shop }
spec:
  clusters:
    - name: ${ref.name}
      cilium: { id: 1 }
      locality: { cloud: onprem, region: here }
      kubeconfig: { path: ../${ref.name}.kubeconfig, context: ${ref.name} }
`;

const serviceText = ({ service, namespace }: Place): string => `apiVersion: tidegate.dev/v1alpha1
kind: Service
metadata: { name: ${service}, namespace: ${namespace} }
spec: { mesh: shop }
`;
