import { describe, expect, it } from '@jest/globals';
import { affinityOf, globalOf, sharedOf } from '../../../core/kube/cilium-annotations.ts';
import type { Service } from '../../../core/kube/objects.ts';
import { frontendFacts } from '../../../core/workload/cluster-facts.ts';

const meta = (annotations: Record<string, string>) => ({ annotations });

describe('the annotations of global Services', () => {
  it('are read under the older key too, which Cilium still obeys: such a Service already calls other clusters', () => {
    expect(globalOf(meta({ 'io.cilium/global-service': 'true' }))).toBe(true);
    expect(affinityOf(meta({ 'io.cilium/service-affinity': 'local' }))).toBe('local');
    expect(sharedOf(meta({ 'io.cilium/global-service': 'true', 'io.cilium/shared-service': 'false' }))).toBe(false);
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'checkout', annotations: { 'io.cilium/global-service': 'true' } },
      spec: {},
    };
    expect(frontendFacts(service, {})?.global).toBe(true);
  });

  it('the newer key wins where both are there, also when it says no', () => {
    expect(globalOf(meta({ 'io.cilium/global-service': 'true', 'service.cilium.io/global': 'false' }))).toBe(false);
  });

  it.each(['true', 'True', 'TRUE', 'tRuE'])('%s is true, as in Cilium, which looks at no case', (value) => {
    expect(globalOf(meta({ 'service.cilium.io/global': value }))).toBe(true);
  });

  it.each(['1', 't', 'yes', '', ' true', 'false'])(
    '%j is false, as in Cilium, which parses no other truth',
    (value) => {
      expect(globalOf(meta({ 'service.cilium.io/global': value }))).toBe(false);
    },
  );

  it('a global Service shares its pods unless it says no; one that is not global shares nothing', () => {
    expect(sharedOf(meta({ 'service.cilium.io/global': 'true' }))).toBe(true);
    expect(sharedOf(meta({ 'service.cilium.io/global': 'true', 'service.cilium.io/shared': 'False' }))).toBe(false);
    expect(sharedOf(meta({ 'service.cilium.io/shared': 'true' }))).toBe(false);
  });
});
