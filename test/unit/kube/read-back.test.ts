import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../../core/kube/objects.ts';
import { contradictions } from '../../../core/kube/read-back.ts';
import { desiredObjects } from '../../../core/render/render.ts';
import { edited } from '../routing/edits.ts';
import { canary } from '../routing/records.ts';

const [own, , stub, route] = desiredObjects(canary, { redirect: true }) as [Manifest, Manifest, Manifest, Manifest];

/** What an API server adds. */
const stored = (manifest: Manifest, defaults: object = {}): Manifest => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    ...{ uid: '1', resourceVersion: '7', generation: 1 },
    labels: { ...manifest.metadata.labels, 'another.tool/label': 'x' },
  },
  spec: { ...(manifest.spec as object), ...defaults },
});

const serviceDefaults = {
  clusterIP: '10.96.0.7',
  clusterIPs: ['10.96.0.7'],
  sessionAffinity: 'None',
  ipFamilyPolicy: 'SingleStack',
};

describe('contradictions', () => {
  it('finds none in what the API server stored with its defaults and other labels', () => {
    expect(contradictions(own, stored(own, serviceDefaults))).toEqual([]);
    expect(contradictions(stub, stored(stub, serviceDefaults))).toEqual([]);
    expect(contradictions(route, stored(route))).toEqual([]);
  });

  it('names the field and both values', () => {
    const live = edited(stored(route), ['spec', 'services', 0, 'listener'], () => 'x');
    expect(contradictions(route, live)).toEqual(['spec.services[0].listener: asked for "frontend", stored "x"']);
  });

  it('sees what was pruned', () => {
    const live = edited(stored(route), ['spec', 'backendServices'], () => undefined);
    expect(contradictions(route, live)).toEqual([expect.stringMatching(/^spec\.backendServices: .* stored nothing$/)]);
  });

  it('sees what somebody added to a route, since nothing there is defaulted', () => {
    const retry = edited(stored(route), ['spec', 'resources', 1, 'virtual_hosts', 0, 'retry_policy'], () => ({
      num_retries: 3,
    }));
    expect(contradictions(route, retry)).toEqual([
      'spec.resources[1].virtual_hosts[0].retry_policy: asked for nothing, stored {"num_retries":3}',
    ]);
    const nodes = edited(stored(route), ['spec', 'nodeSelector'], () => ({}));
    expect(contradictions(route, nodes)).toEqual(['spec.nodeSelector: asked for nothing, stored {}']);
  });

  it('sees a selector that selects more or less than ours, even on a stub, which has none', () => {
    expect(
      contradictions(
        own,
        edited(stored(own), ['spec', 'selector', 'zone'], () => 'a'),
      ),
    ).toHaveLength(1);
    expect(
      contradictions(
        stub,
        edited(stored(stub), ['spec', 'selector'], () => ({ app: 'x' })),
      ),
    ).toHaveLength(1);
  });

  it('sees a changed or lost annotation, and an object that is not there', () => {
    const live = edited(stored(stub), ['metadata', 'annotations', 'service.cilium.io/shared'], () => 'true');
    expect(contradictions(stub, live)).toEqual([expect.stringContaining('asked for "false", stored "true"')]);
    expect(contradictions(stub, null)).toEqual([
      expect.stringMatching(/^Service shop\/checkout-v1-gcp-.*: not stored$/),
    ]);
  });
});
