/** A record can be edited by hand: a version that nobody made in the cluster is no proven version there. */
import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../../core/kube/labels.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { clusterState } from '../../../core/workload/cluster-state.ts';
import { assertMade } from '../../../core/workload/unmade.ts';
import { record } from '../../support/facts.ts';

const edited = record('aws', { ghost: WHOLE });
const built: RoutingRecord = { ...edited, builds: { ghost: { digest: 'd', atMs: 1 } } };

describe('a proven version', () => {
  it('is refused where no build of it is recorded and no Deployment of it is there', () => {
    expect(() => assertMade(edited, ['v1'])).toThrow(
      'the record calls ghost proven, or pins it, in aws, but no build of it is recorded and no Deployment of it is there',
    );
  });

  it('is believed where its build is recorded, though its Deployment is gone', () => {
    expect(() => assertMade(built, [])).not.toThrow();
  });

  it('is believed where it runs: a record of an older release knows no builds', () => {
    expect(() => assertMade(edited, ['ghost'])).not.toThrow();
  });

  it('is not asked for in a cluster that only calls others', () => {
    expect(() => assertMade({ ...edited, cluster: 'client-only' }, [])).not.toThrow();
  });

  it('is pinned by the same rule: callers past Envoy would meet nobody', () => {
    expect(() => assertMade({ ...built, pin: 'other' }, [])).toThrow('calls other proven, or pins it');
  });
});

describe('the settler', () => {
  it('is told that the record cannot be used, so that it restores nobody onto nothing', () => {
    const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
    const metadata = {
      name: 'tidegate-checkout',
      namespace: 'shop',
      labels: { [labels.owner]: 'default' },
      annotations: { [annotations.record]: JSON.stringify(edited) },
    };
    const route = { apiVersion: 'cilium.io/v2', kind: 'CiliumEnvoyConfig', metadata, spec: {} };
    const objects = { services: [], deployments: [], autoscalers: [], routes: [route as never] };
    const state = clusterState({ cluster: 'aws', service }, objects);
    expect(state.record).toBeNull();
    expect(state.broken).toContain('calls ghost proven');
  });
});
