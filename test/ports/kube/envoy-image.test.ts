/** The shipped role reads which Envoy runs, and no other DaemonSet. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readEnvoyImage } from '../../../activities/apply/read-envoy-image.ts';
import { createClusters, type Clusters } from '../../../platform/kube/clusters.ts';
import { startApiServers, type TestCluster, type TestClusters } from '../../support/api-server.ts';

const START_LIMIT_MS = 900_000;

let clusters: Clusters;
let servers: TestClusters;

beforeAll(async () => {
  servers = await startApiServers(['aws']);
  clusters = createClusters();
}, START_LIMIT_MS);

afterAll(async () => {
  await clusters.close();
  await servers.stop();
});

const daemonSet = (name: string, image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace: 'kube-system' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'cilium-envoy', image }] } },
  },
});

it("reads the image of Cilium's Envoy with the shipped role, which covers no other DaemonSet", async () => {
  const aws = servers.clusters['aws'] as TestCluster;
  const cluster = clusters.connect(aws.ref);
  const { signal } = new AbortController();
  expect(await readEnvoyImage(cluster, signal)).toBe('');
  const image = 'quay.io/cilium/cilium-envoy:v1.37.5-17-ab';
  const path = '/apis/apps/v1/namespaces/kube-system/daemonsets';
  await aws.admin.apply(`${path}/cilium-envoy`, daemonSet('cilium-envoy', image));
  expect(await readEnvoyImage(cluster, signal)).toBe(image);
  await aws.admin.apply(`${path}/other`, daemonSet('other', image));
  await expect(cluster.ask(`${path}/other`)).rejects.toThrow(/other/);
});
