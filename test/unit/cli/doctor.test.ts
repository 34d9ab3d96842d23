import { describe, expect, it } from '@jest/globals';
import { summaryText } from '../../../cli/doctor/doctor.ts';
import { resultText, runCheck, runGroups, type Check } from '../../../cli/doctor/check.ts';
import { versionFindings as serverVersionFindings } from '../../../cli/doctor/cluster-checks.ts';
import { envoySeen, metricsChecks } from '../../../cli/doctor/metrics-checks.ts';
import { askedGrants, permissionFindings } from '../../../cli/doctor/permissions.ts';
import {
  bypassFindings,
  foreignFindings,
  freshnessFindings,
  frontendFindings,
  halfMovedFindings,
  membershipFindings,
  versionFindings,
  type Observed,
  type ServiceFacts,
} from '../../../cli/doctor/service-findings.ts';
import { attributeFindings, queueFindings } from '../../../cli/doctor/temporal-checks.ts';
import type { Io } from '../../../cli/io.ts';
import { settlerHint } from '../../../core/rollout/running.ts';
import { judgeSchema, resolveJudge } from '../../../core/config/judge-schema.ts';
import { readsBackMs } from '../../../core/judge/judge.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import type { RoutingRecord, VersionShares } from '../../../core/routing/record.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { WHOLE } from '../../../core/values/share.ts';
import type { ClusterFacts, WorkloadFacts } from '../../../core/workload/facts.ts';

const NOW = 1_000_000_000;

/** A sample every `everyMs`, the last one `ageMs` ago. */
const series = (
  labels: Record<string, string>,
  { ageMs = 1_000, everyMs = 2_000, value = 5 }: { ageMs?: number; everyMs?: number; value?: number } = {},
): RawSeries => ({
  labels,
  samples: [2, 1, 0].map((back) => ({ atMs: NOW - ageMs - back * everyMs, value })),
});

const workload = (version: string, more: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  deployment: `checkout-${version || 'plain'}`,
  version,
  managed: false,
  replicas: 2,
  ready: 2,
  templateDigest: 'd',
  image: 'i',
  autoscaler: '',
  ...more,
});

const recordWith = (current: VersionShares | null, proven: VersionShares | null): RoutingRecord => ({
  schema: 1,
  installation: 'default',
  mesh: 'shop',
  namespace: 'shop',
  service: 'checkout',
  cluster: 'aws',
  frontend: { portName: 'http', port: 80, targetPort: 8080, selector: { app: 'checkout' } },
  topology: { proven: { aws: WHOLE }, current: { aws: WHOLE }, epoch: 1, run: 'r' },
  versions: { proven, current, epoch: 1, run: 'run-7', previous: {} },
  policy: { proven: null, current: null, epoch: 1, run: 'r' },
});

const cluster = (name: string, more: Partial<ClusterFacts> = {}): ClusterFacts => ({
  cluster: name,
  unreachable: '',
  record: null,
  frontend: {
    portName: 'http',
    port: 80,
    targetPort: 8080,
    selector: { app: 'checkout' },
    global: false,
    affinity: '',
    sessionAffinity: false,
    ports: 1,
    appProtocol: '',
    pinned: '',
  },
  workloads: [workload('v1')],
  foreign: [],
  bypasses: [],
  ...more,
});

const factsOf = (...clusters: ClusterFacts[]): ServiceFacts => ({
  namespace: 'shop',
  service: 'checkout',
  clusters,
  topology: Object.fromEntries(clusters.map((one) => [one.cluster, { [one.cluster]: WHOLE }])),
  protocol: 'http',
});

const observed = (...all: RawSeries[]): Observed => ({ series: all, nowMs: NOW });
const reported = (version: string, name = 'aws', more: Parameters<typeof series>[1] = {}): RawSeries =>
  series({ k8s_cluster_name: name, service_version: version, instance: 'pod-1' }, more);

const texts = (findings: readonly { severity: string; text: string }[]): string[] =>
  findings.map(({ severity, text }) => `${severity}: ${text}`);

describe('metricsChecks', () => {
  it('says that it cannot look into the receiver of a worker, instead of failing', async () => {
    const connect = () => {
      throw new Error('not asked');
    };
    const mesh = { name: 'shop', installation: 'default', clusters: [], metrics: { kind: 'otlp' } } as const;
    const seen = await Promise.all(
      metricsChecks({ connect, now: () => NOW }, mesh).checks.map((check) => check.look(new AbortController().signal)),
    );
    expect(seen).toEqual([{ note: expect.stringContaining('runs outside of the worker'), findings: [] }]);
  });
});

describe('permissions', () => {
  it('are told once per cluster, a line per resource with all missing verbs: one edit repairs it', () => {
    const refused = askedGrants([{ namespace: 'shop' }]).filter(({ resource }) => resource === 'deployments');
    const findings = permissionFindings('aws', refused);
    expect(texts(findings)).toEqual([
      "error: aws: the user of this cluster's access may not\nget, list, create, patch, delete deployments.apps in namespace shop (a Deployment per version)",
    ]);
    expect(findings[0]?.fix).toContain('infra/kubernetes/rbac.yaml');
  });
});

describe('the API server', () => {
  it.each(['v1.27.0', 'v1.34.1', 'v1.31.4-eks-2d5f260', 'v2.0.0'])('%s is recent enough', (version) => {
    expect(serverVersionFindings('aws', version)).toEqual([]);
  });

  it('is refused below 1.27', () => {
    expect(texts(serverVersionFindings('aws', 'v1.26.15'))).toEqual([
      'error: aws: Kubernetes v1.26.15 is older than 1.27',
    ]);
  });

  it('of an unknown version is a warning: it may be fine', () => {
    expect(serverVersionFindings('aws', 'devel')[0]?.severity).toBe('warning');
  });
});

describe('Temporal', () => {
  const all = { MeshService: 2, MeshVersion: 2, MeshState: 2, MeshWave: 3, MeshClouds: 7, MeshSloOk: 5 };

  it('with every search attribute of its type is well', () => {
    expect(attributeFindings('default', all)).toEqual([]);
  });

  it('names the command for a missing attribute and for one of another type', () => {
    const { MeshClouds: _gone, ...others } = all;
    const findings = attributeFindings('prod', { ...others, MeshWave: 2 });
    expect(texts(findings)).toEqual([
      'error: namespace prod: search attribute MeshWave has another type than Int',
      'error: namespace prod: search attribute MeshClouds is missing: rollouts would not start',
    ]);
    expect(findings[1]?.fix).toContain(
      'temporal operator search-attribute create --namespace prod --name MeshClouds --type KeywordList',
    );
  });

  it('says what an unpolled restore queue means', () => {
    const findings = queueFindings('default', { 'tidegate-control': 1, 'tidegate-restore': 0 });
    expect(texts(findings)).toEqual([
      'error: namespace default: no worker polls tidegate-restore: a breach could not be taken back',
    ]);
  });
});

describe('Envoys', () => {
  const live = (name: string, instance: string, more: Parameters<typeof series>[1] = {}): RawSeries =>
    series({ k8s_cluster_name: name, instance }, { value: 1, ...more });

  it('are counted by cluster', () => {
    const seen = envoySeen(['aws', 'gcp'], [live('aws', 'n1'), live('aws', 'n2'), live('gcp', 'n1')], NOW);
    expect(seen).toEqual({ note: 'aws 2, gcp 1', findings: [] });
  });

  it('that report from nowhere in a client cluster are an error: nothing there could be proven', () => {
    const { findings } = envoySeen(['aws', 'gcp'], [live('aws', 'n1')], NOW);
    expect(texts(findings)).toEqual(['error: gcp: no envoy_server_live with k8s_cluster_name="gcp" in the last 150 s']);
  });

  it('that stopped are a warning: the node may be gone', () => {
    const { findings } = envoySeen(['aws'], [live('aws', 'n1'), live('aws', 'n2', { ageMs: 60_000 })], NOW);
    expect(texts(findings)).toEqual(['warning: aws/n2: the last sample is 60 s old']);
  });
});

describe('a service', () => {
  it('without its Service in a cluster, and in a cluster that does not answer, has one error each', () => {
    const facts = factsOf(cluster('aws', { frontend: null }), cluster('gcp', { unreachable: 'gcp: no answer' }));
    expect(texts(frontendFindings(facts))).toEqual([
      'error: aws/shop/Service/checkout does not exist',
      'error: gcp: no answer',
    ]);
  });

  it('that somebody else routes is an error with that object; who bypasses Envoy is only told', () => {
    const facts = factsOf(
      cluster('aws', { foreign: ['CiliumEnvoyConfig shop/x (manager kubectl, then)'], bypasses: ['Ingress shop/web'] }),
    );
    expect(texts(foreignFindings(facts))).toEqual([
      'error: aws/shop/Service/checkout: CiliumEnvoyConfig shop/x (manager kubectl, then) routes it too',
    ]);
    expect(texts(bypassFindings(facts))).toEqual([
      'warning: aws: Ingress shop/web dials the pods of checkout past Envoy',
    ]);
  });

  describe('half moved', () => {
    const half = factsOf(
      cluster('aws', { record: recordWith({ aws: { v1: 950_000, v2: 50_000 } }, { aws: { v1: WHOLE } }) }),
    );

    it('is the work of a running rollout, not a finding', () => {
      expect(halfMovedFindings(half, { versions: true })).toEqual([]);
    });

    it('is an error without a run, with the run that left it', () => {
      const findings = halfMovedFindings(half, { versions: false });
      expect(texts(findings)[0]).toContain('differs from the proven one since run run-7, and no rollout runs');
      expect(findings[0]?.fix).toBe(settlerHint('checkout'));
    });

    it('is an error with a doubt when Temporal cannot be asked', () => {
      expect(halfMovedFindings(half, { versions: null })[0]?.fix).toBe(
        'tidegate restore checkout --from-cluster, if no rollout runs',
      );
    });

    it('is told of each part, with the restore that brings it back', () => {
      const whole = recordWith({ aws: { v1: WHOLE } }, { aws: { v1: WHOLE } });
      const current = { aws: 500_000, gcp: 500_000 };
      const moved = factsOf(cluster('aws', { record: { ...whole, topology: { ...whole.topology, current } } }));
      const [finding, ...others] = halfMovedFindings(moved, { versions: true, topology: false });
      expect([finding?.text, finding?.fix, others]).toEqual([
        expect.stringContaining('its topology is half moved since run'),
        settlerHint('checkout', 'topology'),
        [],
      ]);
      expect(halfMovedFindings(moved, { versions: false, topology: true })).toEqual([]);
    });

    it('is not a version that waits at 0', () => {
      const warm = factsOf(
        cluster('aws', { record: recordWith({ aws: { v1: WHOLE, v2: 0 } }, { aws: { v1: WHOLE } }) }),
      );
      expect(halfMovedFindings(warm, { versions: false })).toEqual([]);
    });
  });
});

describe('server metrics', () => {
  const facts = factsOf(cluster('aws'), cluster('gcp'));
  const window = 30_000;

  it('from every serving cluster, fresh and often enough, are well', () => {
    expect(freshnessFindings(facts, observed(reported('v1'), reported('v1', 'gcp')), window)).toEqual([]);
  });

  it('that are missing from a serving cluster are an error, and from one that nobody routes to are not', () => {
    const only = observed(reported('v1'));
    expect(texts(freshnessFindings(facts, only, window))).toEqual([
      'error: gcp: no http_server_request_duration_seconds_count{service_name="checkout"} in the last 150 s',
    ]);
    const unrouted = { ...facts, topology: { aws: { aws: WHOLE }, gcp: { aws: WHOLE } } };
    expect(freshnessFindings(unrouted, only, window)).toEqual([]);
  });

  it('that stopped are an error', () => {
    const stopped = observed(reported('v1', 'aws', { ageMs: 40_000 }), reported('v1', 'gcp'));
    expect(texts(freshnessFindings(facts, stopped, window))[0]).toContain('is 40 s old');
  });

  it('that come rarer than twice a window are a warning: verdicts would wait for data', () => {
    const rare = observed(reported('v1', 'aws', { everyMs: 60_000 }), reported('v1', 'gcp'));
    expect(texts(freshnessFindings(facts, rare, window))).toEqual([
      'warning: aws: a sample every 60 s, but the judge looks at 30 s',
    ]);
  });

  it('may be as rare as they like for the default judge, which has no window: it takes them as they come', () => {
    const rare = observed(reported('v1', 'aws', { everyMs: 60_000 }), reported('v1', 'gcp', { everyMs: 60_000 }));
    const byDefault = readsBackMs(resolveJudge(judgeSchema.parse({})));
    expect(texts(freshnessFindings(facts, rare, byDefault))).toEqual([]);
  });

  it('without the label k8s_cluster_name are told apart from silence', () => {
    const findings = freshnessFindings(facts, observed(series({ service_version: 'v1' })), window);
    expect(texts(findings)).toEqual([
      'error: 1 series http_server_request_duration_seconds_count{service_name="checkout"} have no label k8s_cluster_name: nobody can tell whose they are',
    ]);
    expect(findings[0]?.fix).toContain('promote_resource_attributes');
  });
});

describe('version labels', () => {
  it('that equal service.version are well', () => {
    expect(versionFindings(factsOf(cluster('aws')), observed(reported('v1')))).toEqual([]);
  });

  it('that differ from service.version are an error: every verdict would be "no data"', () => {
    expect(texts(versionFindings(factsOf(cluster('aws')), observed(reported('1.0.3'))))).toEqual([
      'error: aws: the pods of checkout are labelled v1, but report service.version 1.0.3',
    ]);
  });

  it('that are missing are a warning while the pods run, since adopt can be told the version', () => {
    const findings = versionFindings(factsOf(cluster('aws', { workloads: [workload('')] })), observed());
    expect(findings.map(({ severity, fix }) => `${severity} ${fix}`)[0]).toContain(
      'tidegate adopt checkout --version V',
    );
  });

  it('are not missed on a Deployment without ready pods', () => {
    const empty = cluster('aws', { workloads: [workload('v1'), workload('', { ready: 0 })] });
    expect(versionFindings(factsOf(empty), observed(reported('v1')))).toEqual([]);
  });

  it('tell when Prometheus drops service.version', () => {
    const findings = versionFindings(factsOf(cluster('aws')), observed(series({ k8s_cluster_name: 'aws' })));
    expect(texts(findings)).toContain('error: aws: series of checkout have no label service_version');
  });

  it('of a warm version without traffic are not expected in the metrics', () => {
    const warm = cluster('aws', {
      record: recordWith({ aws: { v1: 0, v2: WHOLE } }, { aws: { v1: 0, v2: WHOLE } }),
      workloads: [workload('v1'), workload('v2')],
    });
    expect(versionFindings(factsOf(warm), observed(reported('v2')))).toEqual([]);
  });

  it('of a cluster that does not answer are unknown, not missing', () => {
    const away = factsOf(cluster('aws', { unreachable: 'no answer', workloads: [] }));
    expect(versionFindings(away, observed(reported('v1')))).toEqual([]);
  });

  it('of a version that was just stopped are only told', () => {
    const findings = versionFindings(factsOf(cluster('aws')), observed(reported('v1'), reported('v0')));
    expect(findings.map(({ severity }) => severity)).toEqual(['warning']);
  });
});

describe('membership', () => {
  const host = (instance: string, stat: string, value: number): RawSeries =>
    series({ k8s_cluster_name: 'aws', instance, envoy_cluster_name: stat }, { value });
  const live = (instance: string): RawSeries => series({ k8s_cluster_name: 'aws', instance }, { value: 1 });

  it('is asked of every Envoy: one that lacks the subset sends its calls past the weights', () => {
    const all = observed(live('n1'), live('n2'), live('n3'), host('n1', 's', 2), host('n2', 's', 0));
    expect(texts(membershipFindings({ aws: ['s'] }, all))).toEqual([
      'error: aws/n2: Envoy sees no healthy pod of s, which gets calls',
      'error: aws/n3: Envoy does not know s, which gets calls',
    ]);
  });
});

describe('running checks', () => {
  const io = (lines: string[] = []): Io => ({
    stdout: (text) => void lines.push(text),
    stderr: () => undefined,
    columns: 0,
    env: {},
    now: () => NOW,
    sleep: async () => undefined,
    signal: new AbortController().signal,
  });
  const check = (look: Check['look'], more: Partial<Check> = {}): Check => ({
    description: 'it answers',
    severity: 'error',
    hint: 'look at it',
    retries: 0,
    look,
    ...more,
  });

  it('tries again only what may pass, and at most so often', async () => {
    let looks = 0;
    const flaky = async () => {
      looks += 1;
      if (looks < 3) throw new TidegateError('Unavailable', 'away');
      return { note: 'here', findings: [] };
    };
    expect((await runCheck(check(flaky, { retries: 2 }), io())).note).toBe('here');
    looks = 0;
    expect(texts((await runCheck(check(flaky, { retries: 1 }), io())).findings)).toEqual(['error: away']);
    expect(looks).toBe(2);
    looks = 0;
    const refused = async () => {
      looks += 1;
      throw new TidegateError('Forbidden', 'no', { fix: 'ask' });
    };
    const result = await runCheck(check(refused, { retries: 5 }), io());
    expect([looks, result.findings[0]?.fix]).toEqual([1, 'ask']);
  });

  it('leaves out what a failed gate makes meaningless, in that group only', async () => {
    const lines: string[] = [];
    const bad = check(
      async () => {
        throw new TidegateError('Invalid', 'dead');
      },
      { gates: true, description: 'gate' },
    );
    const good = check(async () => ({ note: '', findings: [] }));
    const results = await runGroups(
      [
        { title: 'aws', checks: [bad, good] },
        { title: 'gcp', checks: [good] },
      ],
      io(lines),
    );
    expect(results).toHaveLength(2);
    expect(lines.join('')).toBe('aws\n  ✗ gate\n      ✗ dead\n        → look at it\ngcp\n  ✓ it answers\n');
  });

  it('marks a check by its worst finding', () => {
    const finding = { severity: 'warning', text: 't', fix: '' } as const;
    const result = { description: 'd', note: '', findings: [finding] };
    expect(resultText(result)).toBe('  ! d\n      ! t\n');
    expect(summaryText([result])).toContain('1 check: 0 errors, 1 warning. Nothing was changed.');
  });
});
