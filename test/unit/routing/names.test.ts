import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { cecName, deploymentName, statName, subsetName } from '../../../core/routing/names.ts';

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
const version = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
const identity = fc.record({ namespace: label, service: label, version, cluster: label });

const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

describe('subset names', () => {
  it('are names that Kubernetes takes for a Service, whatever the version is called', () => {
    fc.assert(
      fc.property(identity, (subset) => {
        expect(subsetName(subset)).toMatch(DNS_1035);
        expect(subsetName(subset).length).toBeLessThanOrEqual(59);
        expect(statName(subset)).not.toMatch(/[.:/]/);
      }),
    );
  });

  it('differ when any part differs, also where the visible parts are cut to the same text', () => {
    const base = { namespace: 'shop', service: 'checkout', version: '2026-11-23-build-1', cluster: 'gcp-europe-west1' };
    const others = [
      { ...base, namespace: 'shop2' },
      { ...base, service: `${base.service}-x` },
      { ...base, version: '2026-11-23-build-2' },
      { ...base, version: '2026.11.23-build-1' },
      { ...base, cluster: 'gcp-europe-west2' },
    ];
    expect(new Set([base, ...others].map(subsetName)).size).toBe(6);
    fc.assert(
      fc.property(
        identity,
        identity,
        (a, b) => JSON.stringify(a) === JSON.stringify(b) || subsetName(a) !== subsetName(b),
      ),
    );
  });

  it('stay what they are: live clusters have objects of these names', () => {
    const subset = { namespace: 'shop', service: 'checkout', version: 'v1', cluster: 'aws-us-east-1' };
    expect(subsetName(subset)).toBe('checkout-v1-aws-us-east-wpuv5enu');
    expect(statName(subset)).toBe('shop_checkout-v1-aws-us-east-wpuv5enu');
    expect(cecName('checkout')).toBe('tidegate-checkout');
  });
});

describe('deployment names', () => {
  it('are what a person would have called them, when that is possible', () => {
    expect(deploymentName('checkout', 'v2')).toBe('checkout-v2');
    expect(deploymentName('checkout', '1.2.3')).toBe('checkout-1-2-3');
  });

  it('carry a hash when the version had to be changed by more than its dots, or the name cut', () => {
    expect(deploymentName('checkout', 'V2')).not.toBe(deploymentName('checkout', 'v2'));
    expect(deploymentName('checkout', 'a_b')).not.toBe(deploymentName('checkout', 'a-b'));
    expect(deploymentName('a'.repeat(60), 'v1')).not.toBe(deploymentName('a'.repeat(61), 'v1'));
  });

  it('leave room for what ReplicaSet and pod append', () => {
    fc.assert(
      fc.property(label, version, (service, v) => {
        expect(deploymentName(service, v)).toMatch(DNS_1035);
        expect(deploymentName(service, v).length).toBeLessThanOrEqual(47);
      }),
    );
  });
});
