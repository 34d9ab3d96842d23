/** Keys that people bring along from Argo Rollouts, Flagger and elsewhere, and what to write here, with their own values. */
import { fieldAt, isRecord } from '../values/json.ts';
import { formatDuration, parseDuration } from '../values/duration.ts';
import { shortened } from './problem.ts';

export interface ExplainedKey {
  readonly hint: string;
  /** The key that means the same, if one does. */
  readonly means?: string;
}

export const explainedKeys: ReadonlyMap<string, ExplainedKey> = new Map<string, ExplainedKey>([
  ['good', { hint: 'count the failed requests instead: bad: {metricSource: {type, spec: {statusClass: 5xx}}}' }],
  ['targetPercent', { hint: 'write target, between 0 and 1: target: 0.99' }],
  ['token', { hint: 'name the environment variable that holds it: tokenEnv: PROMETHEUS_TOKEN' }],
  ['bearerToken', { hint: 'name the environment variable that holds it: tokenEnv: PROMETHEUS_TOKEN' }],
  ['password', { hint: 'name the environment variable that holds a bearer token: tokenEnv: PROMETHEUS_TOKEN' }],
  ['<<', { hint: 'merge keys are not YAML 1.2; repeat the keys, or use an alias for the whole value' }],
  ['weight', { hint: 'write share, in percent', means: 'share' }],
  ['setWeight', { hint: 'write share, in percent', means: 'share' }],
  ['pause', { hint: 'write bake: 5m for a watched time, approve: true for a gate' }],
]);

const ARGO = 'Argo Rollouts';
const FLAGGER = 'Flagger';

interface ForeignWord {
  readonly tool: typeof ARGO | typeof FLAGGER;
  /** What to write here for the value that stands there. */
  readonly ours: (value: unknown) => string;
}

const argo = (ours: ForeignWord['ours'] | string): ForeignWord => wordOf(ARGO, ours);
const flagger = (ours: ForeignWord['ours'] | string): ForeignWord => wordOf(FLAGGER, ours);

function wordOf(tool: ForeignWord['tool'], ours: ForeignWord['ours'] | string): ForeignWord {
  return { tool, ours: typeof ours === 'string' ? () => ours : ours };
}

const foreignWords: ReadonlyMap<string, ForeignWord> = new Map([
  ['strategy', argo((value) => rolloutOf(argoSteps(fieldAt(fieldAt(value, 'canary'), 'steps'))))],
  ['canary', argo((value) => rolloutOf(argoSteps(fieldAt(value, 'steps'))))],
  ['blueGreen', argo('write rollout: {waves: [{clusters: rest, steps: [{share: 100, bake: auto, approve: true}]}]}')],
  ['setWeight', argo((value) => `write share: ${numberOr(value, '5')} in a step of rollout.waves`)],
  ['pause', argo(pauseText)],
  ['trafficRouting', argo("leave it out: Tidegate writes the mesh's routing itself")],
  ['canaryService', argo('leave it out: the Service in metadata.name stays the only one')],
  ['stableService', argo('leave it out: the Service in metadata.name stays the only one')],
  ['activeService', argo('leave it out: the Service in metadata.name stays the only one')],
  ['previewService', argo('leave it out: the Service in metadata.name stays the only one')],
  ['setCanaryScale', argo('leave it out: a version gets the pods that its share needs')],
  ['autoPromotionEnabled', argo('write approve: true in the step that a person decides on')],
  ['scaleDownDelaySeconds', argo((value) => `write rollout: {warm: ${secondsOr(value, '1h')}}`)],
  ['progressDeadlineSeconds', argo((value) => `write rollout: {progressDeadline: ${secondsOr(value, '10m')}}`)],
  ['workloadRef', argo('name a file with the Deployment: template: workloads/checkout.yaml')],
  ['canaryAnalysis', flagger((value) => rolloutOf(flaggerSteps(value)))],
  [
    'stepWeight',
    flagger(
      (value) => `write one step per share: {share: ${numberOr(value, '5')}, bake: auto}, …, {share: 100, bake: auto}`,
    ),
  ],
  ['stepWeights', flagger((value) => rolloutOf(flaggerSteps({ stepWeights: value })))],
  ['maxWeight', flagger('leave it out: the last step of every wave is share: 100')],
  ['targetRef', flagger('name a file with the Deployment: template: workloads/checkout.yaml')],
  ['autoscalerRef', flagger('leave it out: the autoscaler of the Deployment is followed')],
  ['sessionAffinity', flagger((value) => `write in spec ${stickyText(fieldAt(value, 'maxAge'))}`)],
  ['setHeaderRoute', argo('write in spec testers: {header: {name: x-canary, value: always}}')],
  ['match', flagger('write testers: {header: {name: x-canary}} in spec, and name the steps in rollout.waves')],
  ['skipAnalysis', flagger('leave it out: every step is judged')],
]);

const argoAnalysis = argo('write slos: [...], and judge: {type: ...} for how they are judged');
const flaggerAnalysis = flagger((value) => rolloutOf(flaggerSteps(value)));

export interface ForeignHint {
  readonly hint: string;
  /** The part of the hint that two words of one block may share. */
  readonly remedy: string;
}

/** What a word of another tool is here; undefined for all other keys. */
export function foreignHint(key: string, value: unknown): ForeignHint | undefined {
  // Both tools have an analysis; Argo's names templates.
  const isArgos = fieldAt(value, 'templates') !== undefined || fieldAt(value, 'args') !== undefined;
  const word = key === 'analysis' ? (isArgos ? argoAnalysis : flaggerAnalysis) : foreignWords.get(key);
  if (word === undefined) return undefined;
  const remedy = word.ours(value);
  return { hint: `${key} is ${word.tool}${word.tool === ARGO ? "'" : "'s"} word: ${remedy}`, remedy };
}

/** Kinds of those tools: a whole document of theirs among ours. */
export function foreignKindHint(apiVersion: string): string | undefined {
  const tool = apiVersion.startsWith('argoproj.io/')
    ? ARGO
    : apiVersion.startsWith('flagger.app/')
      ? FLAGGER
      : undefined;
  if (tool === undefined) return undefined;
  return `this is an object of ${tool}: write a Service of tidegate.dev/v1alpha1 with rollout.waves, and keep this file in another folder`;
}

interface MeantStep {
  readonly share: number;
  readonly bake?: string;
  readonly approve?: boolean;
}

/** More would not be read in a message. */
const SHOWN_STEPS = 8;

function rolloutOf(meant: readonly MeantStep[]): string {
  const rising: MeantStep[] = [];
  for (const step of meant) if (step.share > (rising.at(-1)?.share ?? 0)) rising.push(step);
  const whole = rising.at(-1)?.share === 100 ? rising : [...rising, { share: 100 }];
  const texts = whole.map(
    ({ share, bake = 'auto', approve = false }) =>
      `{share: ${String(share)}, bake: ${bake}${approve ? ', approve: true' : ''}}`,
  );
  const shown = texts.length > SHOWN_STEPS ? [...texts.slice(0, SHOWN_STEPS - 2), '…', ...texts.slice(-1)] : texts;
  return `write rollout: {waves: [{clusters: rest, steps: [${shown.join(', ')}]}]}`;
}

/** A weight and the pauses after it are one step here. */
function argoSteps(steps: unknown): MeantStep[] {
  const meant: MeantStep[] = [];
  for (const step of Array.isArray(steps) ? (steps as unknown[]) : []) {
    const weight = fieldAt(step, 'setWeight');
    if (isShare(weight)) meant.push({ share: weight });
    const last = meant.at(-1);
    if (last === undefined || !isRecord(step) || !Object.hasOwn(step, 'pause')) continue;
    const bake = secondsOr(fieldAt(step['pause'], 'duration'), '');
    meant[meant.length - 1] = bake === '' ? { ...last, approve: true } : { ...last, bake };
  }
  return meant;
}

function flaggerSteps(analysis: unknown): MeantStep[] {
  const listed = fieldAt(analysis, 'stepWeights');
  const bake = secondsOr(fieldAt(analysis, 'interval'), 'auto');
  const [step, most] = [fieldAt(analysis, 'stepWeight'), fieldAt(analysis, 'maxWeight')];
  const counted = isShare(step)
    ? Array.from({ length: Math.floor((isShare(most) ? most : 50) / step) }, (_, index) => (index + 1) * step)
    : [];
  const shares = Array.isArray(listed) ? (listed as unknown[]).filter(isShare) : counted.filter(isShare);
  return shares.map((share) => ({ share, bake }));
}

/** Flagger keeps those on the canary, and no others. */
const stickyText = (maxAge: unknown): string => `sticky: {keeps: new, ttl: ${secondsOr(maxAge, '24h')}}`;

function pauseText(value: unknown): string {
  const bake = secondsOr(fieldAt(value, 'duration'), '');
  return bake === ''
    ? 'write approve: true in the step that waits for a person'
    : `write bake: ${bake} in the step that is watched`;
}

const isShare = (value: unknown): value is number =>
  typeof value === 'number' && value >= 1 && value <= 100 && Number.isInteger(value);

const numberOr = (value: unknown, otherwise: string): string => (isShare(value) ? String(value) : otherwise);

/** A duration of ours; both tools also write bare seconds. */
function secondsOr(value: unknown, otherwise: string): string {
  const isSeconds = typeof value === 'number' || (typeof value === 'string' && /^[0-9]{1,9}$/.test(value));
  if (isSeconds && Number(value) > 0) return formatDuration(Number(value) * 1000);
  return typeof value === 'string' && parseDuration(value) !== undefined ? shortened(value) : otherwise;
}
