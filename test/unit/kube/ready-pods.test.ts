import { describe, expect, it } from '@jest/globals';
import type { EndpointSlice } from '../../../core/kube/objects.ts';
import { readyPods } from '../../../core/kube/ready-pods.ts';

type Endpoints = NonNullable<EndpointSlice['endpoints']>;

const slice = (endpoints: Endpoints): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'checkout-x' },
  endpoints,
});

describe('the ready pods of EndpointSlices', () => {
  it('ready that is unset means ready: the API says that consumers take unknown as ready', () => {
    const endpoints: Endpoints = [
      { addresses: ['10.0.0.1'] },
      { addresses: ['10.0.0.2'], conditions: {} },
      { addresses: ['10.0.0.3'], conditions: { ready: true } },
      { addresses: ['10.0.0.4'], conditions: { ready: false } },
    ];
    expect(readyPods([slice(endpoints)])).toBe(3);
  });

  it('a dual-stack pod is in a slice per family and counts once, by uid or else by name', () => {
    const both = (targetRef: Endpoints[number]['targetRef']) =>
      ['10.0.0.1', 'fd00::1'].map((address) => slice([{ addresses: [address], ...(targetRef && { targetRef }) }]));
    expect(readyPods(both({ kind: 'Pod', namespace: 'shop', name: 'checkout-1', uid: 'u1' }))).toBe(1);
    expect(readyPods(both({ kind: 'Pod', namespace: 'shop', name: 'checkout-1' }))).toBe(1);
  });

  it('counts once too without a target: the families of a dual-stack Service have the same pods', () => {
    const family = (addressType: string, ...addresses: string[]): EndpointSlice => ({
      ...slice(addresses.map((address) => ({ addresses: [address] }))),
      addressType,
    });
    expect(readyPods([family('IPv4', '10.0.0.1'), family('IPv6', 'fd00::1')])).toBe(1);
    expect(readyPods([family('IPv4', '10.0.0.1'), family('IPv4', '10.0.0.2'), family('IPv6', 'fd00::1')])).toBe(2);
  });

  it('an endpoint with several addresses is one, and without a target the address tells endpoints apart', () => {
    expect(readyPods([slice([{ addresses: ['10.0.0.1', '10.0.0.9'] }])])).toBe(1);
    expect(readyPods([slice([{ addresses: ['10.0.0.1'] }]), slice([{ addresses: ['10.0.0.1'] }])])).toBe(1);
    expect(readyPods([])).toBe(0);
  });
});
