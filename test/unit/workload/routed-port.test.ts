import { describe, expect, it } from '@jest/globals';
import type { Service, ServicePort } from '../../../core/kube/objects.ts';
import { portFaults } from '../../../core/rollout/preflight/reach.ts';
import { frontendFacts } from '../../../core/workload/cluster-facts.ts';
import { routedBy, routedPort } from '../../../core/workload/routed-port.ts';
import { record } from '../../support/facts.ts';

const http = { name: 'http', port: 9898, targetPort: 'http' };
const grpc = { name: 'grpc', port: 9999, targetPort: 'grpc', appProtocol: 'grpc' };

/** As podinfo has it: HTTP and gRPC on one Service. */
const podinfo = (ports: readonly ServicePort[] = [http, grpc]): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'podinfo', namespace: 'shop' },
  spec: { selector: { app: 'podinfo' }, ports },
});

describe('the routed port', () => {
  it.each([
    ['by its number', { asked: '9898' }, 9898],
    ['by its name', { asked: 'grpc' }, 9999],
    ['of the record, whatever is asked now', { recorded: { port: 9898, portName: 'http' }, asked: 'grpc' }, 9898],
    ['of the record, by its name once it has another number', { recorded: { port: 80, portName: 'grpc' } }, 9999],
    ['of nobody: nothing says which', {}, undefined],
    ['of nobody: there is no such port', { asked: 'metrics' }, undefined],
    ['of nobody: the record says one that is gone', { recorded: { port: 80, portName: '' } }, undefined],
  ])('%s', (_, by, port) => {
    expect(routedPort(podinfo(), by)?.port).toBe(port);
  });

  it('is not the only one that is left where config names another: a repair would write over that one', () => {
    const metrics = podinfo([{ name: 'metrics', port: 9090 }]);
    expect(routedPort(metrics, { recorded: { port: 9898, portName: 'http' }, asked: 'http' })).toBeUndefined();
  });

  it('is found by number and name where TCP and UDP share a number, or names were swapped', () => {
    const both = podinfo([
      { name: 'dns-udp', port: 80, protocol: 'UDP' },
      { name: 'http', port: 80 },
    ]);
    expect(routedPort(both, { recorded: { port: 80, portName: 'http' } })?.name).toBe('http');
    expect(routedPort(both, { recorded: { port: 80, portName: 'web' } })?.name).toBe('http');
  });

  it('is the only one, and the only one left when the record says another', () => {
    expect(routedPort(podinfo([http]), {})?.port).toBe(9898);
    expect(routedPort(podinfo([http]), { recorded: { port: 80, portName: 'web' } })?.port).toBe(9898);
  });

  it('is not said by a record of nothing: its adoption was taken back', () => {
    const adopted = record('aws-us-east-1', { v1: 1_000_000 });
    const back = { ...adopted, versions: { ...adopted.versions, proven: null, current: null } };
    expect(routedBy(adopted, { port: 'grpc' }).recorded).toMatchObject({ port: 8080 });
    expect(routedBy(back, { port: 'grpc' })).toEqual({ asked: 'grpc' });
    expect(routedBy(null, {})).toEqual({});
  });
});

describe('a Service of two ports', () => {
  const of = (asked: string) => frontendFacts(podinfo(), asked === '' ? {} : { asked });
  const faults = (asked: string) => portFaults({ frontend: of(asked), record: null }, { port: asked, name: 'podinfo' });

  it('is taken by the port that spec.port names, by its protocol alone; plan says what becomes of the other', () => {
    expect(of('http')).toMatchObject({ port: 9898, targetPort: 'http', otherPorts: ['grpc (9999)'] });
    expect(of('http')?.shape).toEqual({
      refused: [],
      notes: ['port grpc (9999): its callers are not canaried, they get the proven version'],
    });
    expect(of('http')).not.toHaveProperty('protocol');
    expect(of('grpc')).toMatchObject({ port: 9999, protocol: 'grpc', shape: { refused: [] } });
    expect(faults('http')).toEqual([]);
  });

  it('is refused by name while nothing says which, or another is meant', () => {
    expect(faults('')).toMatchObject([{ text: 'it has 2 ports (http (9898), grpc (9999)), and spec.port names none' }]);
    expect(faults('web')).toMatchObject([{ text: 'it has no port web: it has http (9898), grpc (9999)' }]);
    const adopted = record('aws-us-east-1', { v1: 1_000_000 });
    const routed = frontendFacts(podinfo(), { asked: 'http' });
    const moved = portFaults({ frontend: routed, record: adopted }, { port: 'grpc', name: 'podinfo' });
    expect(moved).toMatchObject([{ text: 'spec.port says grpc, and the route is of port http (9898)' }]);
  });
});
