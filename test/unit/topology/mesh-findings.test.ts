/** What a mesh's own settings say of it, each member beside the others. */
import { describe, expect, it } from '@jest/globals';
import { failoverFindings, meshFindings, type MeshMember } from '../../../core/topology/mesh-findings.ts';

const member = (
  cluster: string,
  id: number,
  config: Record<string, string> = {},
  change: Partial<MeshMember> = {},
): MeshMember => ({
  ...{ cluster, version: '1.20.2', isServed: true },
  config: { 'cluster-id': String(id), 'cluster-name': cluster, 'clustermesh-cache-ttl': '10m0s', ...config },
  ...change,
});

const texts = (...members: MeshMember[]): string[] =>
  meshFindings(members).map(({ severity, text }) => `${severity}: ${text}`);

describe('a cluster mesh', () => {
  it('of members that fit has no findings', () => {
    expect(meshFindings([member('a', 1), member('b', 2, {}, { version: '1.19.4' })])).toEqual([]);
  });

  it.each([
    ['twins', [member('a', 1), member('b', 1)], 'error: a and b have the same cluster-id 1'],
    [
      'namesakes',
      [member('a', 1), member('b', 2, { 'cluster-name': 'a' })],
      'error: a and b have the same cluster-name a',
    ],
    ['no id', [member('a', 0)], 'error: a: its cluster-id is not set'],
    ['an id that is too high', [member('a', 300)], 'error: a: its cluster-id 300 is above max-connected-clusters 255'],
    [
      'different limits',
      [member('a', 1), member('b', 2, { 'max-connected-clusters': '511' })],
      'error: max-connected-clusters differs: a 255, b 511',
    ],
    ['ztunnel beside cluster mesh', [member('a', 1, { 'enable-ztunnel': 'true' })], 'error: a: ztunnel is on'],
    [
      'an export mode that loses backends',
      [member('a', 1, { 'clustermesh-service-v2': 'prefer-endpointslice' })],
      'error: a: clustermesh-service-v2',
    ],
    [
      'backends that are kept for ever',
      [member('a', 1, { 'clustermesh-cache-ttl': '0s' })],
      'warning: a: clustermesh-cache-ttl is not set',
    ],
    [
      'versions that are too far apart',
      [member('a', 1), member('b', 2, {}, { version: '1.18.2' })],
      'warning: versions of Cilium are more than one minor apart: a 1.20.2, b 1.18.2',
    ],
    [
      'different tunnels',
      [member('a', 1), member('b', 2, { 'tunnel-protocol': 'geneve' })],
      'error: tunnel-protocol differs: a vxlan, b geneve',
    ],
    ['no server', [member('a', 1, {}, { isServed: false })], 'warning: a: there is no clustermesh-apiserver'],
    [
      'a member that cannot be read',
      [member('a', 1, {}, { config: null, version: '', isServed: null })],
      'warning: a: could not be read: cilium-config',
    ],
    [
      'a member that did not answer for its version',
      [member('a', 1, {}, { version: '', unread: ['the version of Cilium (no answer in 5 s)'] })],
      'warning: a: could not be read: the version of Cilium (no answer in 5 s)',
    ],
  ])('with %s is told so, with a remedy', (_, members, text) => {
    expect(texts(...members)).toEqual([expect.stringContaining(text)]);
    expect(meshFindings(members).every(({ fix }) => fix !== '')).toBe(true);
  });

  it('that is to fail over by itself without metrics is told that it never will', () => {
    expect(failoverFindings({ failover: 'auto', metrics: null })).toMatchObject([{ severity: 'warning' }]);
    expect(failoverFindings({ failover: 'auto', metrics: { kind: 'prometheus' } })).toEqual([]);
    expect(failoverFindings({ failover: 'ask', metrics: null })).toEqual([]);
  });
});
