import { describe, expect, it } from '@jest/globals';
import type { Container, PodTemplate } from '../../../core/kube/objects.ts';
import { derivedVersion } from '../../../core/workload/origin/derived-version.ts';
import { imageVersion } from '../../../core/workload/origin/image-version.ts';

const digest = 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';

describe('the version that an image says', () => {
  it.each([
    ['registry.example/shop/checkout:1.4.2', '1.4.2'],
    ['registry:5000/team/checkout:v1', 'v1'],
    [`registry:5000/team/checkout:v1@${digest}`, 'v1'],
    [`checkout@${digest}`, 'sha256-0123456789ab'],
    [`checkout:latest@${digest}`, 'sha256-0123456789ab'],
    [`checkout:_build@${digest}`, 'sha256-0123456789ab'],
    ['ghcr.io/open-telemetry/demo:2.0.2-ad', '2.0.2-ad'],
  ])('of %s is %s', (image, version) => {
    expect(imageVersion(image)).toEqual({ version, why: '' });
  });

  it.each([
    ['registry:5000/checkout', 'has no tag'],
    ['checkout:latest', 'has tag latest, which is moved from build to build'],
    ['checkout:Main', 'has tag Main, which is moved'],
    [`checkout:${'x'.repeat(64)}`, 'which cannot be a label value'],
    ['checkout:_build', 'which cannot be a label value'],
    ['checkout@sha256:short', 'has no tag'],
    ['', 'has no tag'],
  ])('of %s is none, with the reason', (image, why) => {
    expect(imageVersion(image)).toEqual({ version: '', why: expect.stringContaining(why) });
  });
});

describe('the version of pods without a label', () => {
  const template = (containers: readonly Container[], annotations?: Record<string, string>): PodTemplate => ({
    metadata: { labels: { app: 'checkout' }, ...(annotations && { annotations }) },
    spec: { containers },
  });
  const app: Container = {
    name: 'server',
    image: 'shop/checkout:1.4.2',
    ports: [{ name: 'web', containerPort: 8080 }],
  };
  const proxy: Container = { name: 'proxy', image: 'mesh/proxy:9', ports: [{ containerPort: 15001 }] };
  const served = { service: 'checkout', targetPort: 8080 };

  it('is that of the container that serves, by number and by name of its port, wherever it stands', () => {
    for (const targetPort of [8080, 'web'])
      expect(derivedVersion(template([proxy, app]), { service: 'checkout', targetPort })).toEqual({
        ...{ version: '1.4.2', by: 'image shop/checkout:1.4.2', why: '' },
      });
    const unported = [proxy, { ...app, name: 'checkout', ports: [] }];
    expect(derivedVersion(template(unported), served).version).toBe('1.4.2');
  });

  it('is none where nothing tells which container serves, which are named', () => {
    const { version, why } = derivedVersion(template([proxy, { ...app, ports: [] }]), served);
    expect(version).toBe('');
    expect(why).toContain('(proxy, server)');
  });

  it('is what the pods tell OpenTelemetry before it is what their image is called: the metrics say that', () => {
    const saying = (value: string) => template([{ ...app, env: [{ name: 'OTEL_RESOURCE_ATTRIBUTES', value }] }]);
    expect(derivedVersion(saying('service.name=x, service.version = 2.0.2 ,a=b'), served)).toEqual({
      ...{ version: '2.0.2', by: 'OTEL_RESOURCE_ATTRIBUTES', why: '' },
    });
    for (const silent of ['service.version=$(V)', 'my.service.version=7', 'service.version=', 'service.version=a b'])
      expect(derivedVersion(saying(silent), served).version).toBe('1.4.2');
    const annotated = template([app], { 'resource.opentelemetry.io/service.version': '3' });
    expect(derivedVersion(annotated, served).version).toBe('3');
  });
});
