import { describe, expect, it } from '@jest/globals';
import type { Service } from '../../../core/kube/objects.ts';
import { frontendFacts } from '../../../core/workload/cluster-facts.ts';
import { routedPort } from '../../../core/workload/routed-port.ts';
import { serviceShape } from '../../../core/workload/service-shape.ts';

interface Change {
  readonly spec?: Partial<Service['spec']>;
  readonly port?: Record<string, unknown>;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

const service = ({ spec, port, labels = {}, annotations = {} }: Change = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'checkout', namespace: 'shop', labels, annotations },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.20.7',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    sessionAffinity: 'None',
    selector: { app: 'checkout' },
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, ...port }],
    ...spec,
  },
});

const shapeOf = (one: Service) => serviceShape(one, routedPort(one, {}));

describe('the shape of a Service', () => {
  it.each([
    ['as an API server answers a plain one', {}],
    ['a port without a name', { port: { name: '' } }],
    ['a port named http-api', { port: { name: 'http-api' } }],
    ['a port whose name is no protocol', { port: { name: 'main' } }],
    ['a name that only begins like a protocol', { port: { name: 'tcpdump' } }],
    ['appProtocol http', { port: { appProtocol: 'http' } }],
    ['appProtocol HTTP', { port: { appProtocol: 'HTTP' } }],
  ] as [string, Change][])('%s is plain HTTP, with nothing to say', (_, change) => {
    expect(shapeOf(service(change))).toEqual({ refused: [], notes: [] });
  });

  it('goes by what the port speaks: what Envoy does not carry is refused by name, in facts that are texts', () => {
    expect(shapeOf(service({ port: { appProtocol: 'kubernetes.io/wss', name: 'main' } })).refused).toEqual([
      'appProtocol kubernetes.io/wss says TLS, which Envoy does not open',
    ]);
    expect(shapeOf(service({ port: { name: 'postgres' } })).refused).toEqual(['port postgres is not HTTP by its name']);
    expect(shapeOf(service({ port: { name: 'grpc' } })).refused).toEqual([]);
    const one = service({ port: { name: 'tcp-main' } });
    expect(serviceShape(one, routedPort(one, {}), { asked: 'grpc' }).refused).toEqual([]);
  });

  it.each([
    ['clusterIP None', { spec: { clusterIP: 'None' } }, /headless/],
    ['the label of headless Services', { labels: { 'service.kubernetes.io/headless': '' } }, /headless/],
    ['ExternalName', { spec: { type: 'ExternalName' } }, /type ExternalName/],
    ['UDP', { port: { protocol: 'UDP' } }, /protocol UDP/],
    ['no port', { spec: { ports: [] } }, /no port/],
    ['internalTrafficPolicy Local', { spec: { internalTrafficPolicy: 'Local' } }, /internalTrafficPolicy Local/],
    ['pods that are not ready', { spec: { publishNotReadyAddresses: true } }, /publishNotReadyAddresses/],
  ] as [string, Change, RegExp][])('%s is refused: taking it over would change what it does', (_, change, why) => {
    const { refused } = shapeOf(service(change));
    expect(refused).toEqual([expect.stringMatching(why)]);
  });

  it.each([
    ['NodePort', { spec: { type: 'NodePort' } }, /^type NodePort: .*not canaried/],
    ['LoadBalancer', { spec: { type: 'LoadBalancer' } }, /^type LoadBalancer: .*not canaried/],
    ['external addresses', { spec: { externalIPs: ['192.0.2.1'] } }, /^externalIPs: .*192\.0\.2\.1/],
    ['externalTrafficPolicy Local', { spec: { externalTrafficPolicy: 'Local' } }, /^externalTrafficPolicy Local/],
    ['PreferClose', { spec: { trafficDistribution: 'PreferClose' } }, /^trafficDistribution PreferClose: Envoy/],
    ['PreferSameNode', { spec: { trafficDistribution: 'PreferSameNode' } }, /^trafficDistribution PreferSameNode/],
    ['topology mode', { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } }, /topology-mode \(Auto\)/],
    ['older hints', { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } }, /aware-hints \(auto\)/],
    ['dual stack', { spec: { ipFamilies: ['IPv4', 'IPv6'] } }, /^dual stack \(IPv4, IPv6\)/],
    ['another proxy', { labels: { 'service.kubernetes.io/service-proxy-name': 'kpng' } }, /kpng/],
    ['an algorithm', { annotations: { 'service.cilium.io/lb-algorithm': 'maglev' } }, /lb-algorithm \(maglev\)/],
    [
      'a truth that Cilium does not know',
      { annotations: { 'service.cilium.io/global': '1' } },
      /Cilium reads it as fal/,
    ],
  ] as [string, Change, RegExp][])('%s is taken, with a note of what it means under Envoy', (_, change, note) => {
    expect(shapeOf(service(change))).toEqual({ refused: [], notes: [expect.stringMatching(note)] });
  });

  it('a hint that is switched off, and the annotations of cluster mesh, need no note', () => {
    const annotations = {
      'service.kubernetes.io/topology-mode': 'Disabled',
      'service.cilium.io/global': 'true',
      'io.cilium/shared-service': 'false',
      'service.cilium.io/affinity': 'local',
    };
    expect(shapeOf(service({ annotations }))).toEqual({ refused: [], notes: [] });
  });

  it('asks a port for its number only before it has a route, and while its name says nothing', () => {
    const at = (name: string) => service({ port: { name, port: 9092, targetPort: 9092 } });
    const recorded = { port: 9092, portName: 'main' };
    expect(frontendFacts(at('main'), {})?.shape?.refused).toHaveLength(1);
    expect(frontendFacts(at('main'), { recorded })?.shape?.refused).toEqual([]);
    for (const name of ['http', 'grpc', 'http2', 'h2c', 'ws'])
      expect(frontendFacts(at(name), {})?.shape?.refused).toEqual([]);
  });

  it('goes into the facts as short texts, since facts stay in workflow histories', () => {
    const facts = frontendFacts(service({ spec: { clusterIP: 'None', trafficDistribution: 'PreferClose' } }), {});
    expect(facts?.shape?.refused).toHaveLength(1);
    expect(JSON.stringify(facts?.shape).length).toBeLessThan(400);
  });
});
