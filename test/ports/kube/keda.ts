/** KEDA as far as it is an API: its ScaledObjects can be stored, and nobody acts on them. */
import { untilReady } from '../../../infra/lab/processes/process.ts';
import type { TestCluster } from '../../support/api-server.ts';

export async function installKeda({ admin }: TestCluster): Promise<void> {
  const name = 'scaledobjects.keda.sh';
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await admin.apply(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group: 'keda.sh',
      names: { kind: 'ScaledObject', plural: 'scaledobjects', singular: 'scaledobject', listKind: 'ScaledObjectList' },
      scope: 'Namespaced',
      versions: [{ name: 'v1alpha1', served: true, storage: true, schema }],
    },
  });
  await untilReady('ScaledObjects', async () => {
    await admin.get('/apis/keda.sh/v1alpha1/namespaces/default/scaledobjects');
    return true;
  });
}
