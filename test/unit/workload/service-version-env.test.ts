import { describe, expect, it } from '@jest/globals';
import type { Container, PodTemplate } from '../../../core/kube/objects.ts';
import { desiredTemplate } from '../../../core/workload/version-template.ts';

const NAME = 'OTEL_RESOURCE_ATTRIBUTES';
const app = (env?: Container['env']): Container => ({
  name: 'checkout',
  image: 'shop/checkout:v1',
  ports: [{ containerPort: 8080 }],
  ...(env && { env }),
});
const proxy: Container = { name: 'proxy', image: 'mesh/proxy:9', ports: [{ containerPort: 15001 }] };

const made = (containers: readonly Container[], version = 'v2', serviceVersion: 'env' | null = 'env') =>
  desiredTemplate({
    running: { metadata: { labels: { app: 'checkout' } }, spec: { containers } },
    source: { deployment: 'checkout', ...(serviceVersion !== null && { serviceVersion }) },
    ...{ service: 'checkout', version, selector: { app: 'checkout' }, targetPort: 8080 },
    where: 'aws/shop/Deployment/checkout',
  });
const said = ({ spec }: PodTemplate): (string | undefined)[] =>
  spec.containers.map(({ env = [] }) => env.find(({ name }) => name === NAME)?.value);

describe('spec.serviceVersion: env', () => {
  it.each([
    ['nothing', undefined, 'service.version=v2'],
    ['an empty text', '', 'service.version=v2'],
    ['other attributes', 'service.name=checkout,team=a', 'service.name=checkout,team=a,service.version=v2'],
    ['a comma at the end', 'team=a,', 'team=a,service.version=v2'],
    ['the old version', 'service.version=v1,team=a', 'service.version=v2,team=a'],
  ])('adds the version to %s that the template has there', (_, value, wanted) => {
    const env = value === undefined ? undefined : [{ name: NAME, value }];
    expect(said(made([app(env)]))).toEqual([wanted]);
  });

  it('is for the container that serves, and the next version says its own name', () => {
    const first = made([proxy, app()]);
    expect(said(first)).toEqual([undefined, 'service.version=v2']);
    expect(said(made(first.spec.containers, 'v3'))).toEqual([undefined, 'service.version=v3']);
  });

  it('refuses to write over what comes from elsewhere, and touches nothing unless it is asked for', () => {
    const env = [{ name: NAME, valueFrom: { configMapKeyRef: { name: 'otel', key: 'attributes' } } }];
    expect(() => made([app(env)])).toThrow(/Deployment\/checkout: container checkout takes OTEL_RESOURCE_ATTRIBUTES/);
    const running = app([{ name: NAME, value: 'team=a' }]);
    expect(said(made([running], 'v2', null))).toEqual(['team=a']);
  });
});
