import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../core/config/parse.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { guessDuration } from '../../../core/values/duration.ts';
import { meshText, serviceText, stepsText } from './documents.ts';
import { limits } from '../../support/limits.ts';

const problemsOf = (service: string, mesh = meshText): string[] => {
  const parsed = parseConfig([
    { path: 'mesh.yaml', text: mesh },
    { path: 's.yaml', text: service },
  ]);
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
};

describe('a duration that cannot be read', () => {
  it('is answered with the format wherever it stands, also where auto is allowed', () => {
    expect(problemsOf(stepsText(['{ share: 5, bake: 5 min }', '{ share: 100, bake: 90 }']))).toEqual([
      's.yaml:10: spec.rollout.waves[0].steps[0].bake: is not a valid time like 10m, or auto (for example 10s or 500ms or 1h30m)',
      's.yaml:11: spec.rollout.waves[0].steps[1].bake: must be a time like 10m, or auto, not a number (add a unit: 90s (or ms, m, h))',
    ]);
    expect(problemsOf(stepsText(['{ share: 100, bake: Auto }']))).toEqual([
      's.yaml:10: spec.rollout.waves[0].steps[0].bake: must be auto (did you mean auto?)',
    ]);
  });

  it('is answered with what was meant when that is plain', () => {
    expect(problemsOf(serviceText('  rollout: { warm: 1d }\n'))).toEqual([
      's.yaml:6: spec.rollout.warm: is not a valid duration (write 24h; a duration is like 10s or 1h30m)',
    ]);
    const guesses = Object.fromEntries(
      ['1.5m', 'PT5M', 'P1DT2H', '2w', '10 s', '10 sec', 'P', '', '-5m'].map((text) => [text, guessDuration(text)]),
    );
    expect(guesses).toEqual({
      '1.5m': '1m30s',
      PT5M: '5m',
      P1DT2H: '26h',
      '2w': '336h',
      '10 s': '10s',
      '10 sec': undefined,
      P: undefined,
      '': undefined,
      '-5m': undefined,
    });
  });
});

describe('one slip of the pen', () => {
  const slip = stepsText(['{ share: 5, bake: 20s }], { share: 50, bake: 10s }]} }', '{ share: 100, bake: 10s }']);

  it('gives the first fault of syntax and says that the rest follows from it', () => {
    expect(problemsOf(slip)).toEqual([
      expect.stringMatching(/^s\.yaml:10: broken YAML: .*what follows from it is not shown\)$/),
    ]);
  });

  it('in the Mesh does not make Services say that there is no mesh', () => {
    expect(problemsOf(serviceText(), meshText.replace('{ id: 1 }', '{ id: 1 }}'))).toEqual([
      expect.stringMatching(/^mesh\.yaml:7: broken YAML: /),
    ]);
  });

  it('hides no fault of another file', () => {
    expect(problemsOf(slip, meshText.replace('id: 3', 'id: 0'))).toHaveLength(2);
  });
});

describe('words of other tools', () => {
  it("of Argo Rollouts are answered with ours, and the whole strategy with the file's own numbers", () => {
    const strategy = `  strategy:
    canary:
      steps:
        - setWeight: 5
        - pause: { duration: 300 }
        - setWeight: 40
        - pause: {}
      trafficRouting: { istio: {} }
`;
    const steps = '{share: 5, bake: 5m}, {share: 40, bake: auto, approve: true}, {share: 100, bake: auto}';
    expect(problemsOf(serviceText(strategy))).toEqual([
      `s.yaml:6: spec.strategy: unknown key strategy (strategy is Argo Rollouts' word: write rollout: {waves: [{clusters: rest, steps: [${steps}]}]})`,
      "s.yaml:9: spec.strategy.canary.steps[0].setWeight: unknown key setWeight (setWeight is Argo Rollouts' word: write share: 5 in a step of rollout.waves)",
      "s.yaml:10: spec.strategy.canary.steps[1].pause: unknown key pause (pause is Argo Rollouts' word: write bake: 5m in the step that is watched)",
      "s.yaml:11: spec.strategy.canary.steps[2].setWeight: unknown key setWeight (setWeight is Argo Rollouts' word: write share: 40 in a step of rollout.waves)",
      "s.yaml:12: spec.strategy.canary.steps[3].pause: unknown key pause (pause is Argo Rollouts' word: write approve: true in the step that waits for a person)",
      "s.yaml:13: spec.strategy.canary.trafficRouting: unknown key trafficRouting (trafficRouting is Argo Rollouts' word: leave it out: Tidegate writes the mesh's routing itself)",
    ]);
  });

  it('of Flagger, too; an analysis with templates is one of Argo Rollouts', () => {
    const [first = '', ...rest] = problemsOf(
      serviceText('  analysis: { interval: 1m, maxWeight: 30, stepWeight: 10 }\n'),
    );
    expect(first).toContain(
      "analysis is Flagger's word: write rollout: {waves: [{clusters: rest, steps: [{share: 10, bake: 1m}, {share: 20, bake: 1m}, {share: 30, bake: 1m}, {share: 100, bake: auto}]}]}",
    );
    expect(rest.map((one) => one.split(':')[1])).toEqual(['6', '6']);
    expect(problemsOf(serviceText('  analysis: { templates: [{ templateName: success-rate }] }\n'))[0]).toContain(
      "analysis is Argo Rollouts' word: write slos",
    );
  });

  it('gives a configuration that is valid as it is proposed', () => {
    const [problem = ''] = problemsOf(
      serviceText('  strategy: { canary: { steps: [{ setWeight: 5 }, { setWeight: 5 }] } }\n'),
    );
    const proposed = /write (rollout: .*)\)$/.exec(problem)?.[1] ?? '';
    expect(proposed).not.toBe('');
    expect(problemsOf(serviceText(`  ${proposed}\n`))).toEqual([]);
  });

  it('names the tool of a whole document of theirs', () => {
    expect(problemsOf('apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: { name: x }\n')[0]).toContain(
      'this is an object of Argo Rollouts: write a Service of tidegate.dev/v1alpha1',
    );
  });

  it('is fast and bounded for a hostile file', () => {
    const steps = Array.from({ length: 20_000 }, () => '{ setWeight: 5 }').join(', ');
    const started = performance.now();
    expect(problemsOf(serviceText(`  strategy: { canary: { steps: [${steps}] } }\n`)).length).toBeLessThanOrEqual(101);
    expect(performance.now() - started).toBeLessThan(limits.eventually);
  });
});
