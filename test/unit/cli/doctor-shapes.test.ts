import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../../../cli/doctor/check.ts';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { serviceChecks } from '../../../cli/doctor/service-checks.ts';
import { secondServiceFindings, shapeFindings, unseenFindings } from '../../../cli/doctor/shape-findings.ts';
import type { ServiceFacts } from '../../../cli/doctor/service-findings.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import type { ClusterFacts } from '../../../core/workload/facts.ts';
import { clusterNames, facts, testConfig } from '../../support/facts.ts';

const [name] = clusterNames;
const frontend = facts(name).frontend;
const shaped = (refused: string[], notes: string[] = []): Partial<ClusterFacts> => ({
  ...(frontend !== null && { frontend: { ...frontend, shape: { refused, notes } } }),
});
const read = (change: Partial<ClusterFacts>): ServiceFacts => ({
  ...{ namespace: 'shop', service: 'checkout', clusters: [facts(name, change)], topology: {}, protocol: 'http' },
});
const texts = (findings: readonly Finding[]): string[] => findings.map(({ severity, text }) => `${severity}: ${text}`);

describe('doctor on the shape of a Service', () => {
  it('tells as an error what every plan refuses, and as a warning what plans note', () => {
    const change = shaped(['it is headless'], ['trafficDistribution PreferClose: Envoy spreads calls']);
    expect(texts(shapeFindings(read(change), testConfig().service))).toEqual([
      `error: ${name}/shop/Service/checkout: it is headless`,
      `warning: ${name}/shop/Service/checkout: trafficDistribution PreferClose: Envoy spreads calls`,
    ]);
    const clusters = clusterNames.map((one) => facts(one, change));
    const plan = () =>
      planRollout({ config: testConfig(), read: { epoch: 1, clusters }, change: { kind: 'deploy', version: 'v2' } });
    expect(plan).toThrow('it is headless');
  });

  it('says nothing of one that can be taken', () => {
    expect(shapeFindings(read(shaped([])), testConfig().service)).toEqual([]);
  });
});

describe('doctor on other Services over the same pods', () => {
  const second = (pinned: string, serving = true): Finding[] =>
    secondServiceFindings(read({ secondServices: [{ name: 'legacy', pinned, serving }] }));

  it('tells as an error one that keeps no version out, since deploys are refused, with the pin that mends it', () => {
    expect(texts(second(''))[0]).toMatch(
      /^error: .*Service\/legacy selects the pods of checkout too.*deploys are refused/,
    );
    expect(second('')[0]?.fix).toContain('app.kubernetes.io/version: v1');
  });

  it('warns of one that is pinned, and is silent about one for another port', () => {
    expect(texts(second('v1'))[0]).toMatch(/^warning: .*pinned to v1/);
    expect(second('', false)).toEqual([]);
  });
});

describe('doctor on what could not be read', () => {
  it('warns that routes of somebody else may be there, and how to see them', () => {
    const unseen = ['HTTPRoutes outside of namespace shop, which the role may not list'];
    const findings = unseenFindings(read({ unseen }));
    expect(texts(findings)[0]).toBe(
      `warning: ${name}: not seen: ${unseen[0]}; one of somebody else that routes checkout would go unnoticed`,
    );
    expect(findings[0]?.fix).toContain('rbac.yaml');
  });
});

describe('the checks of a service', () => {
  it('have shapes, second Services and unseen routes among them', () => {
    const clusters = createClusters();
    const ports = {
      clusters,
      temporal: { access: () => Promise.reject(new Error('none')), close: async () => undefined },
    };
    const group = serviceChecks({ ...ports, metrics: null, signal: new AbortController().signal }, testConfig());
    expect(group.checks.map(({ description }) => description)).toEqual(
      expect.arrayContaining(['its Service can be taken as it is', 'no second Service leads to its pods']),
    );
  });
});
