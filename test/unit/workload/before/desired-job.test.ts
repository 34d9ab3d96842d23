/** The Job that a cluster is asked for before a version's first share. */
import { describe, expect, it } from '@jest/globals';
import type { BeforeJob } from '../../../../core/workload/before/before-job.ts';
import { desiredJob, type JobPlace } from '../../../../core/workload/before/desired-job.ts';

const place: JobPlace = {
  service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'main' },
  ...{ cluster: 'aws', version: 'v2', epoch: 7, throughEnvoy: true },
  frontend: { port: 8080, selector: { app: 'checkout' } },
};

interface JobShape {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds: number;
    readonly template: {
      readonly metadata?: { readonly labels?: object };
      readonly spec: {
        readonly restartPolicy: string;
        readonly affinity?: object;
        readonly containers: readonly {
          readonly name: string;
          readonly image?: string;
          readonly command?: readonly string[];
          readonly ports?: object;
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

const smoke: BeforeJob = { name: 'smoke', timeoutMs: 90_500, image: 'smoke:1' };
const made = (job: BeforeJob, at: Partial<JobPlace> = {}, own: Parameters<typeof desiredJob>[2] = null): JobShape =>
  desiredJob(job, { ...place, ...at }, own) as unknown as JobShape;
const variables = ({ spec }: JobShape): Record<string, string | undefined> =>
  Object.fromEntries(spec.template.spec.containers[0]?.env.map(({ name, value }) => [name, value]) ?? []);

describe('a Job before the first share', () => {
  it('is told where the version is: the service’s own name, and the header that leads to it', () => {
    expect(variables(made(smoke))).toEqual({
      TIDEGATE_SERVICE: 'checkout',
      TIDEGATE_VERSION: 'v2',
      TIDEGATE_CLUSTER: 'aws',
      TIDEGATE_HEADER: 'x-tidegate-version',
      TIDEGATE_HEADER_VALUE: 'v2',
      TIDEGATE_URL: 'http://checkout.shop:8080',
    });
  });

  it('calls the version’s own Service where no caller of the cluster is answered in it: the header would lead elsewhere', () => {
    const { TIDEGATE_URL } = variables(made(smoke, { throughEnvoy: false }));
    expect(TIDEGATE_URL).toMatch(/^http:\/\/checkout-v2-aws-[a-z2-7]{8}\.shop:8080$/);
  });

  it('is tried once and bounded by the cluster itself, whoever waits for it', () => {
    const { spec } = made(smoke);
    expect([spec.backoffLimit, spec.activeDeadlineSeconds, spec.template.spec.restartPolicy]).toEqual([0, 91, 'Never']);
  });

  it('has one name for one plan, so that a later attempt finds it, and another one for the next plan', () => {
    expect(made(smoke).metadata.name).toBe(made(smoke).metadata.name);
    expect(made(smoke, { epoch: 8 }).metadata.name).not.toBe(made(smoke).metadata.name);
    const long = { ...smoke, name: 'n'.repeat(63) };
    const { name } = made(long, {
      version: '2026.11.28-with-a-long-name',
      service: { ...place.service, service: 's'.repeat(60) },
    }).metadata;
    expect(name.length).toBeLessThanOrEqual(55);
  });

  it('runs in a copy of the version’s pod that nobody takes for the version: no labels, no ports, no probes', () => {
    const own = {
      metadata: { labels: { app: 'checkout' } },
      spec: {
        serviceAccountName: 'checkout',
        affinity: { podAntiAffinity: { x: 1 }, nodeAffinity: { arch: 'arm64' } },
        containers: [
          { name: 'proxy', image: 'proxy:1' },
          {
            name: 'checkout',
            image: 'checkout:v2',
            args: ['serve'],
            ports: [{ containerPort: 8080 }],
            env: [{ name: 'DB', value: 'db' }],
            readinessProbe: {},
          },
        ],
      },
    };
    const job = made({ name: 'migrate', timeoutMs: 1_000, command: ['migrate'] }, {}, own);
    const { template } = job.spec;
    expect(template).toEqual({
      spec: {
        serviceAccountName: 'checkout',
        affinity: { nodeAffinity: { arch: 'arm64' } },
        restartPolicy: 'Never',
        containers: [{ name: 'checkout', image: 'checkout:v2', command: ['migrate'], env: expect.any(Array) }],
      },
    });
    expect(variables(job)).toMatchObject({ DB: 'db', TIDEGATE_VERSION: 'v2' });
  });

  it('is refused where the version has no Deployment whose image it could have', () => {
    expect(() => made({ name: 'migrate', timeoutMs: 1_000, command: ['migrate'] })).toThrow(
      /no Deployment of checkout v2/,
    );
  });

  it('is refused when its pods carry the service’s labels: calls would go to a test', () => {
    const spec = {
      template: { metadata: { labels: { app: 'checkout', more: 'x' } }, spec: { containers: [{ name: 'a' }] } },
    };
    expect(() => made({ name: 'smoke', timeoutMs: 1_000, spec })).toThrow(/selects the pods of Job smoke/);
    expect(
      made(
        { name: 'smoke', timeoutMs: 1_000, spec: { ...spec, backoffLimit: 2 } },
        { frontend: { port: 1, selector: { app: 'x' } } },
      ).spec.backoffLimit,
    ).toBe(2);
  });
});
