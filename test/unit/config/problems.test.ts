import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../core/config/parse.ts';
import { type ConfigProblem, formatProblem } from '../../../core/config/problem.ts';
import { meshText, serviceText, sloText, stepsText } from './documents.ts';
import { meshCases } from './mesh-cases.ts';
import { routeCases } from './routes/route-cases.ts';
import { latency, serviceCases } from './service-cases.ts';

const problemsOf = (service: string, mesh = meshText): readonly ConfigProblem[] => {
  const parsed = parseConfig([
    { path: 'mesh.yaml', text: mesh },
    { path: 'service.yaml', text: service },
  ]);
  return parsed.ok ? [] : parsed.problems;
};

const shown = (problems: readonly ConfigProblem[], file: string): string[] =>
  problems.map((problem) => {
    expect(problem.file).toBe(file);
    return formatProblem(problem).slice(file.length + 1);
  });

describe('parseConfig', () => {
  it('accepts the documents that the cases start from, or no case would show anything', () => {
    expect(problemsOf(serviceText())).toEqual([]);
    expect(problemsOf(stepsText(['{ share: 100, bake: 1m }']))).toEqual([]);
    expect(problemsOf(latency('0.25'))).toEqual([]);
  });

  it.each([...serviceCases, ...routeCases])('names line, path, reason and remedy of %s', (_title, text, expected) => {
    expect(shown(problemsOf(text), 'service.yaml')).toEqual(expected);
  });

  it('names status codes of gRPC where HTTP is counted, and what counts them', () => {
    const text = sloText(`- name: errors
  indicator:
    ratioMetric:
      bad: { metricSource: { type: envoy-cluster, spec: { codes: [INTERNAL] } } }
      total: { metricSource: { type: envoy-cluster } }
  objectives: [{ target: 0.99 }]`);
    expect(shown(problemsOf(text), 'service.yaml')).toEqual([
      '10: spec.slos[0].indicator.ratioMetric.bad.metricSource.spec.codes: envoy-cluster has no status codes of gRPC (leave it out, or count with opentelemetry-rpc-server or envoy-cluster-grpc)',
    ]);
  });

  it.each(meshCases)('names line, path, reason and remedy of %s', (_title, mesh, expected) => {
    expect(shown(problemsOf(serviceText(), mesh), 'mesh.yaml')).toEqual(expected);
  });

  it('checks references of a service whose own documents have mistakes elsewhere, so one mistake hides no other', () => {
    const service = serviceText(
      '  polcy: { requestTimeout: 5 }\n  topology:\n    onprem: { aws-us-east-1: 100 }\n  rollout:\n    waves:\n      - clusters: { names: [gcp] }\n        step: [{ share: 50, bake: 1 }]\n',
    );
    const paths = problemsOf(service, meshText.replace('id: 3', 'id: 0')).map(
      ({ file, line, path }) => `${file}:${String(line)} ${path}`,
    );
    expect(paths).toEqual([
      'mesh.yaml:16 spec.clusters[2].cilium.id',
      'service.yaml:6 spec.polcy',
      'service.yaml:6 spec.policy.requestTimeout',
      'service.yaml:8 spec.topology.onprem',
      'service.yaml:11 spec.rollout.waves[0].clusters.names[0]',
      'service.yaml:12 spec.rollout.waves[0].step',
      'service.yaml:12 spec.rollout.waves[0].steps[0].bake',
      'service.yaml:12 spec.rollout.waves[0].steps[0].share',
    ]);
  });
});
