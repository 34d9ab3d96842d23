/** tidegate clusters discover: what clouds list, page by page, and what is made of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { discoverClusters, type DiscoverQuery } from '../../../cli/clusters/discover.ts';
import type { CloudPlaces } from '../../../platform/cloud/places.ts';
import { createConfigLoader } from '../../../platform/config/load.ts';
import { startFakeAws, eksError, type FakeAws } from '../../support/clouds/aws.ts';
import { startFakeAzure, type FakeAzure } from '../../support/clouds/azure.ts';
import { startFakeGoogle, type FakeGoogle } from '../../support/clouds/google.ts';
import { allowForSdks } from '../../support/clouds/sdk-time.ts';
import { startFakeApi, statusText, type FakeApi } from '../../support/fake-api.ts';
import { textIo } from '../../support/text-io.ts';

allowForSdks();

const subscription = '00000000-0000-0000-0000-000000000000';
let [api, aws, google, azure] = [] as unknown as [FakeApi, FakeAws, FakeGoogle, FakeAzure];
let dir: string;

beforeAll(async () => {
  api = await startFakeApi(({ path }) => {
    const profile = (name: string, properties: object[]) => ({
      metadata: { name, namespace: 'fleet' },
      status: { properties },
    });
    if (path === '/apis/multicluster.x-k8s.io/v1alpha1') return { status: 200, body: '{"kind":"APIResourceList"}' };
    if (path.startsWith('/apis/multicluster.x-k8s.io/v1alpha1/clusterprofiles'))
      return {
        status: 200,
        body: JSON.stringify({
          items: [
            profile('one', [
              { name: 'region', value: 'fra1' },
              { name: 'platform', value: 'OpenShift' },
            ]),
            profile('two', []),
          ],
          metadata: {},
        }),
      };
    return { status: 404, body: statusText(404, 'NotFound') };
  });
  aws = await startFakeAws(api);
  google = await startFakeGoogle(api);
  azure = await startFakeAzure(api);
  dir = await mkdtemp(join(tmpdir(), 'tidegate-discover-'));
});

afterAll(async () => {
  await Promise.all([api.close(), aws.close(), google.close(), azure.close(), rm(dir, { recursive: true })]);
});

interface Proposed {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly clusters: readonly { readonly name: string; readonly access: unknown }[] };
}

/** What is printed, which config takes as it is. */
async function discovered(query: Partial<DiscoverQuery>): Promise<Proposed> {
  const places: CloudPlaces = { ...azure.places, gke: google.url };
  const io = textIo();
  expect(await discoverClusters({ mesh: 'shop', ...query }, io, places)).toBe(0);
  const file = join(dir, 'mesh.yaml');
  await writeFile(file, io.out);
  expect(await createConfigLoader({ directory: dir }).validate([])).toEqual([]);
  return parse(io.out) as Proposed;
}

describe('tidegate clusters discover', () => {
  it('proposes the EKS clusters of a region, of all pages, each by a name that a mesh may have', async () => {
    const long = 'A_very.long-name-of-a-cluster-of-some-team';
    aws.names = [['shop-us-east-1', long], [`${long}-2`], ['last']];
    const { metadata, spec } = await discovered({ eks: 'us-east-1' });
    expect(metadata.name).toBe('shop');
    expect(spec.clusters.map(({ name }) => name)).toEqual([
      ...['shop-us-east-1', 'a-very-long-name-of-a-cluster-of', 'a-very-long-name-of-a-cluster-2', 'last'],
    ]);
    expect(spec.clusters[1]?.access).toEqual({ eks: { cluster: long, region: 'us-east-1' } });
  });

  it('proposes the GKE clusters of a project, by their DNS endpoint where they have one', async () => {
    const { spec } = await discovered({ gke: 'shop-prod' });
    expect(spec.clusters).toMatchObject([
      { name: 'shop-europe-west1', locality: { cloud: 'gcp', region: 'europe-west1' } },
      {
        ...{ name: 'zonal-one', locality: { region: 'us-central1' } },
        access: { gke: { location: 'us-central1-a', cluster: 'Zonal_One', endpoint: 'ip' } },
      },
    ]);
  });

  it('proposes the AKS clusters of a subscription, of all pages', async () => {
    const { spec } = await discovered({ aks: subscription });
    expect(spec.clusters.map(({ access }) => access)).toEqual([
      { aks: { subscription, resourceGroup: 'shop', cluster: 'shop-westeurope' } },
      { aks: { subscription, resourceGroup: 'Shop2', cluster: 'shop-northeurope' } },
    ]);
  });

  it('proposes the clusters of an inventory, with what its properties say of their place', async () => {
    const { path } = api.ref.access as { path: string };
    const { spec } = await discovered({ hub: `hub:kubeconfig?path=${path}` });
    expect(spec.clusters).toMatchObject([
      {
        name: 'one',
        locality: { cloud: 'openshift', region: 'fra1' },
        access: { clusterProfile: { hub: { kubeconfig: { path } } } },
      },
      { name: 'two', locality: { cloud: 'unknown', region: 'unknown' } },
    ]);
  });

  it('tells no half of a list: GKE that lacks a zone, a page elsewhere, pages without end, an error', async () => {
    google.missingZones = ['us-east1-b'];
    await expect(discovered({ gke: 'shop-prod' })).rejects.toThrow(
      'GKE of project shop-prod: the list lacks what is in us-east1-b',
    );
    azure.nextHost = 'https://evil.example';
    await expect(discovered({ aks: subscription })).rejects.toThrow('its next page is said to be at another host');
    expect(azure.calls().filter(({ url }) => url.searchParams.has('$skipToken'))).toHaveLength(1);
    aws.names = Array.from({ length: 60 }, () => ['same']);
    await expect(discovered({ eks: 'us-east-1' })).rejects.toThrow(
      'there are more than 511 clusters, or the list does not end',
    );
    aws.fault = () => eksError(403, 'AccessDeniedException');
    await expect(discovered({ eks: 'us-east-1' })).rejects.toMatchObject({
      code: 'Forbidden',
      fix: 'allow eks:ListClusters to your identity',
    });
  });

  it('asks for exactly one place to look', async () => {
    await expect(discovered({})).rejects.toThrow('it is not said where to look');
    await expect(discovered({ eks: 'a', gke: 'b' })).rejects.toThrow('it is not said where to look');
  });
});
