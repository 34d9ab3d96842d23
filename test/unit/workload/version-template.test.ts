import { describe, expect, it } from '@jest/globals';
import { labels } from '../../../core/kube/labels.ts';
import type { Container, PodTemplate } from '../../../core/kube/objects.ts';
import { desiredTemplate, type TemplateInput } from '../../../core/workload/version-template.ts';
import { isVersionLabel, withVersionInText } from '../../../core/workload/version-text.ts';

const checkout: Container = { name: 'checkout', image: 'registry.example/shop/checkout:v1' };

const running = (change: Partial<PodTemplate['spec']> = {}, metadata: PodTemplate['metadata'] = {}): PodTemplate => ({
  metadata: { ...metadata, labels: { app: 'checkout', [labels.version]: 'v1', ...metadata.labels } },
  spec: { containers: [checkout], ...change },
});

const desired = (template: PodTemplate, change: Partial<TemplateInput> = {}): PodTemplate =>
  desiredTemplate({
    running: template,
    source: { deployment: 'checkout', image: 'registry.example/shop/checkout:v2' },
    service: 'checkout',
    version: 'v2',
    selector: { app: 'checkout' },
    targetPort: 8080,
    where: 'aws/shop/Deployment/checkout',
    ...change,
  });

const images = (some: readonly Container[] = []): string[] => some.map(({ name, image }) => `${name} ${image ?? ''}`);

describe('the text in a pod template that says a version', () => {
  it.each([
    ['service.version=v1', 'service.version=v2'],
    ['service.name=checkout,service.version=v1,team=a', 'service.name=checkout,service.version=v2,team=a'],
    ['service.version = v1 , team=a', 'service.version = v2 , team=a'],
    ['service.version="v1",team=a', 'service.version="v2",team=a'],
    ["service.version='v 1',team=a", "service.version='v2',team=a"],
    ['"service.name=checkout,service.version=v1"', '"service.name=checkout,service.version=v2"'],
    ['service.version=$(APP_VERSION)', 'service.version=v2'],
    ['service.version=${APP_VERSION}', 'service.version=v2'],
    ['service%2Eversion=v1', 'service%2Eversion=v2'],
    ['team%3Da%2Cservice.version%3Dv1%2Cx%3Dy', 'team%3Da%2Cservice.version%3Dv2%2Cx%3Dy'],
    ['service.version=v1%2Bbuild,team=a', 'service.version=v2,team=a'],
    ['{"service.version":"v1","team":"a"}', '{"service.version":"v2","team":"a"}'],
    ['{\\"service.version\\": \\"v1\\"}', '{\\"service.version\\": \\"v2\\"}'],
    [
      '-javaagent:/otel.jar -Dotel.resource.attributes=service.version=v1,team=a -Xmx1g',
      '-javaagent:/otel.jar -Dotel.resource.attributes=service.version=v2,team=a -Xmx1g',
    ],
    ['-Dotel.resource.attributes="service.version=v1" -jar', '-Dotel.resource.attributes="service.version=v2" -jar'],
    ['--service.version=v1', '--service.version=v2'],
    ['-Dservice.version=v1', '-Dservice.version=v2'],
    ['exec env OTEL_SERVICE_VERSION=v1 ./run', 'exec env OTEL_SERVICE_VERSION=v2 ./run'],
    ['my-service.version=v1,other.service.version=v1', 'my-service.version=v1,other.service.version=v1'],
    ['service.versions=v1', 'service.versions=v1'],
    ['v1', 'v1'],
  ])('%s becomes %s', (text, expected) => {
    expect(withVersionInText(text, 'v2')).toBe(expected);
    expect(withVersionInText(expected, 'v2')).toBe(expected);
  });

  it('is rewritten in variables, args, commands and annotations of every container, or v2 would count as v1', () => {
    const env = [
      { name: 'OTEL_RESOURCE_ATTRIBUTES', value: 'service.version=v1 beta, team=a' },
      { name: 'JAVA_TOOL_OPTIONS', value: '-Dotel.resource.attributes=service.version=v1' },
      { name: 'OTEL_SERVICE_VERSION', value: 'v1' },
      { name: 'API_VERSION', value: 'v1' },
    ];
    const init = { name: 'agent', args: ['--otel', 'service.version=v1'] };
    const annotations = { 'resource.opentelemetry.io/service.version': 'v1', note: 'service.version=v1', api: 'v1' };
    const { metadata, spec } = desired(
      running(
        { containers: [{ ...checkout, env, command: ['run', '-Dservice.version=v1'] }], initContainers: [init] },
        { annotations },
      ),
    );
    expect(spec.containers[0]?.env).toEqual([
      { name: 'OTEL_RESOURCE_ATTRIBUTES', value: 'service.version=v2, team=a' },
      { name: 'JAVA_TOOL_OPTIONS', value: '-Dotel.resource.attributes=service.version=v2' },
      { name: 'OTEL_SERVICE_VERSION', value: 'v2' },
      { name: 'API_VERSION', value: 'v1' },
    ]);
    expect(spec.containers[0]?.command).toEqual(['run', '-Dservice.version=v2']);
    expect(spec.initContainers?.[0]?.args).toEqual(['--otel', 'service.version=v2']);
    expect(metadata?.annotations).toEqual({
      'resource.opentelemetry.io/service.version': 'v2',
      note: 'service.version=v2',
      api: 'v1',
    });
  });

  it('a variable that is taken from the version label stays; one from another label is written out', () => {
    const from = (label: string, name = 'OTEL_SERVICE_VERSION') => ({
      name,
      valueFrom: { fieldRef: { fieldPath: `metadata.labels['${label}']` } },
    });
    const env = [from(labels.version, 'APP_VERSION'), from('version')];
    const { spec } = desired(running({ containers: [{ ...checkout, env }] }));
    expect(spec.containers[0]?.env).toEqual([
      from(labels.version, 'APP_VERSION'),
      { name: 'OTEL_SERVICE_VERSION', value: 'v2' },
    ]);
  });

  it('a variable that is written twice is there once, with the value that counts: server-side apply takes no name twice', () => {
    const env = [
      { name: 'MODE', value: 'old' },
      { name: 'PORT', value: '8080' },
      { name: 'MODE', value: 'new' },
    ];
    const { spec } = desired(running({ containers: [{ ...checkout, env }] }));
    expect(spec.containers[0]?.env).toEqual(env.slice(1));
  });

  it('a port or a secret that is written again is there once; two names of one port stay, for a person to choose', () => {
    const once = [
      { name: 'http', containerPort: 8080 },
      { containerPort: 9090 },
      { containerPort: 9090, protocol: 'UDP' },
    ];
    const ports = [...once.slice(0, 2), { containerPort: 8080, protocol: 'TCP' }, ...once.slice(1)];
    const pull = { imagePullSecrets: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] };
    const { spec } = desired(running({ containers: [{ ...checkout, ports }], ...pull }));
    expect(spec.containers[0]?.ports).toEqual(once);
    expect(spec.imagePullSecrets).toEqual(pull.imagePullSecrets.slice(1));
    const two = [
      { name: 'http', containerPort: 8080 },
      { name: 'web', containerPort: 8080 },
    ];
    expect(desired(running({ containers: [{ ...checkout, ports: two }] })).spec.containers[0]?.ports).toEqual(two);
  });

  it('a label that names the build moves with the version; one of an API, or of another value, stays', () => {
    const given = { version: 'v1', 'api-version': 'v1', 'tags.datadoghq.com/version': 'v1', app_version: 'v0' };
    expect(desired(running({}, { labels: given })).metadata?.labels).toEqual({
      app: 'checkout',
      version: 'v2',
      'api-version': 'v1',
      'tags.datadoghq.com/version': 'v2',
      app_version: 'v0',
    });
    expect(['version', 'app.version', 'App-Version', 'image-tag', 'x/version'].every(isVersionLabel)).toBe(true);
    expect(['api-version', 'app', 'release', 'conversion'].some(isVersionLabel)).toBe(false);
  });
});

describe('the image of a version', () => {
  const port = (containerPort: number, name = 'web') => ({ ports: [{ name, containerPort }] });
  const worker: Container = { name: 'worker', image: 'registry.example/shop/checkout:worker', ...port(9000, 'work') };

  it.each([8080, 'web'])('goes to the container of target port %s, of several of one repository', (targetPort) => {
    const app = { ...checkout, name: 'app', ...port(8080) };
    const { spec } = desired(running({ containers: [worker, app] }), { targetPort });
    expect(images(spec.containers)).toEqual([
      'worker registry.example/shop/checkout:worker',
      'app registry.example/shop/checkout:v2',
    ]);
  });

  it('goes to all that run the very same image, init containers too: they are one build', () => {
    const app = { ...checkout, name: 'app', ...port(8080) };
    const proxy = { name: 'proxy', image: 'registry.example/proxy:v1' };
    const { spec } = desired(
      running({
        containers: [app, { ...checkout, name: 'jobs' }, proxy],
        initContainers: [{ ...checkout, name: 'migrate' }, proxy],
      }),
    );
    expect(images(spec.containers)).toEqual([
      'app registry.example/shop/checkout:v2',
      'jobs registry.example/shop/checkout:v2',
      'proxy registry.example/proxy:v1',
    ]);
    expect(images(spec.initContainers)).toEqual([
      'migrate registry.example/shop/checkout:v2',
      'proxy registry.example/proxy:v1',
    ]);
  });

  it('is refused where nothing tells which of several is the service, with the names of all', () => {
    const containers = [{ ...checkout, name: 'app' }, worker];
    expect(() => desired(running({ containers }))).toThrow(
      /cannot tell which container gets image .*: app \(.*:v1\), worker \(.*:worker\)/,
    );
  });

  it('goes to the container named as the service where no port tells', () => {
    const { spec } = desired(running({ containers: [worker, checkout] }));
    expect(images(spec.containers)[1]).toBe('checkout registry.example/shop/checkout:v2');
  });
});
