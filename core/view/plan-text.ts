/**
 * core/view: what people read, made of what others decided.
 *
 *   Plan, RolloutStatus, SloReading[], ReplayedLook[] ──► lines of text | Markdown for the Temporal UI | SVG
 *
 * This file shows a plan: steps, weights per client cluster, objects to be made, longest duration, exposure,
 * exceptions. Every function is pure: data goes in, text comes out. The caller prints it, and says how wide the
 * terminal is.
 * This folder decides nothing, and nobody parses its text: a fact that code needs is in the data that it was made of.
 */
import { originText } from '../config/places/origin.ts';
import { billedActions, billedText, gateActions } from '../rollout/plan/billed.ts';
import { exposure, longestDurationMs, type StepExposure } from '../rollout/plan/exposure.ts';
import { forecastText } from '../rollout/plan/forecast.ts';
import { pinnedIn } from '../rollout/plan/pinned.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import { waveTitle } from '../rollout/plan/wave-title.ts';
import { VERSION_HEADER } from '../routing/header-route.ts';
import { cecName, deploymentName, subsetName } from '../routing/names.ts';
import { partOf } from '../routing/part.ts';
import { distinct, formatShare, WHOLE } from '../values/share.ts';
import { podsLines } from './pods-text.ts';
import { durationText } from '../values/duration.ts';

/** Clusters up to which a table has a column for each. */
const WIDE = 10;

export interface PlanFacts {
  readonly plan: Plan;
  readonly topology: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function planText({ plan, topology }: PlanFacts): string {
  const { service } = plan;
  const lines = [
    `${plan.kind} ${service.namespace}/${service.service} → ${plan.version} in mesh ${service.mesh} (config ${plan.configDigest.slice(0, 12)})`,
    ...(plan.configOrigin === undefined ? [] : [`Config: ${plan.configOrigin.map(originText).join(', ')}`]),
    '',
    ...waveLines(plan),
    ...beforeLines(plan),
    ...asideLines(plan),
    ...(partOf(plan) === 'topology'
      ? callLines(plan, topology)
      : [...weightLines(plan, topology), ...objectLines(plan)]),
    ...warmUpLine(plan),
    `Longest duration without a person: ${durationText(longestDurationMs(plan)) || 'none'}`,
    `Temporal: about ${billedText(billedActions(plan), plan)}; a day at a gate ${billedText(gateActions(plan), plan)}`,
    `Judged by: ${plan.slos.map((slo) => `${slo.name} (${slo.source}, ${formatShare(slo.target * WHOLE)} good)`).join('; ') || 'nothing'}`,
    `On a breach: ${plan.onBreach === 'all' ? 'every cluster goes back' : 'the breaching cluster goes back'}`,
    ...plan.notes.map((note) => `Note: ${note}`),
    '',
    'Nothing was changed.',
  ];
  return `${lines.join('\n')}\n`;
}

function waveLines(plan: Plan): string[] {
  return plan.waves.flatMap((wave, i) => [
    `${capital(waveTitle(wave, i))}: ${wave.serving.join(', ')}${sizeText(wave)}`,
    ...(plan.pins === 'first' && pinnedIn(wave).length > 0 ? ['  first: callers past Envoy'] : []),
    ...wave.steps.map((step, j) => {
      const forecasts = (plan.forecasts ?? []).filter((one) => one.wave === wave.name && one.step === j + 1);
      const least = step.auto === true ? 'watched as long as it takes' : `watched ${durationText(step.bakeMs)}`;
      const shows = forecasts.length > 0 ? ` (${forecastText(forecasts)})` : '';
      const bake = step.bakeMs > 0 ? `, ${least}${shows}` : '';
      return `  step ${j + 1}: ${formatShare(step.share)}${bake}${step.approve ? ', then a person approves' : ''}${step.gate === undefined ? '' : `; ${step.gate.url} is asked first`}`;
    }),
    ...pinLine(plan, wave),
    ...podsLines(plan, wave),
  ]);
}

function pinLine({ pins }: Plan, wave: Plan['waves'][number]): string[] {
  if (pins !== 'last' || pinnedIn(wave).length === 0) return [];
  const bakeMs = wave.steps.at(-1)?.bakeMs ?? 0;
  return [`  last: callers past Envoy${bakeMs > 0 ? `, watched ${durationText(bakeMs)}` : ''}`];
}

function beforeLines({ before = [], version }: Plan): string[] {
  if (before.length === 0) return [];
  const jobs = before.map(({ name, timeoutMs }) => `Job ${name} (${durationText(timeoutMs)} at most)`);
  return [
    `Before the first share in each wave, in every serving cluster: ${jobs.join(', then ')}`,
    `  meanwhile calls with the header ${VERSION_HEADER}: ${version} reach ${version}`,
  ];
}

/** Who goes another way than the weights say. */
function asideLines({ testers, sticky, version }: Plan): string[] {
  const mark =
    testers === undefined
      ? ''
      : testers.header === undefined
        ? `the cookie ${testers.cookie}=${testers.value}`
        : `the header ${testers.header}${testers.value === undefined ? '' : `: ${testers.value}`}`;
  const kept = sticky?.keeps === 'new' ? `users who were sent to ${version} stay` : 'users stay on their version';
  return [
    ...(testers === undefined
      ? []
      : [`Testers: calls with ${mark} reach ${version} from its entry to the end, and count as its requests`]),
    ...(sticky === undefined
      ? []
      : [
          `Sticky: ${kept}, by the cookie ${sticky.cookie}, for ${durationText(sticky.ttlMs)} at most and while both have a share`,
        ]),
  ];
}

/** Of a long list the number, and how many are written at a time where that is not all of them. */
const sizeText = ({ serving, clients, atOnce = Infinity }: Plan['waves'][number]): string => {
  const size = Math.max(serving.length, clients.length);
  const words = [
    ...(serving.length > WIDE ? [`${serving.length} clusters`] : []),
    ...(atOnce < size ? [`${atOnce} at a time`] : []),
  ];
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
};

/** A bake begins behind it, so that a step takes longer than its line says. */
const warmUpLine = ({ warmUpMs, waves }: Plan): string[] => {
  const bakes = waves.some(({ steps }) => steps.some(({ bakeMs }) => bakeMs > 0));
  return warmUpMs > 0 && bakes
    ? [`Before each watched time: ${durationText(warmUpMs)} of warm-up, in which only hard stops count`]
    : [];
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Weights that every client cluster's Envoys get, step by step; the largest exposure of users at each. */
function weightLines(plan: Plan, topology: PlanFacts['topology']): string[] {
  const steps = exposure(plan, topology);
  if (steps.length === 0) return [];
  const all = Object.keys(topology);
  const isWide = all.length > WIDE;
  const reached = ({ byClient }: StepExposure): string =>
    `${Object.values(byClient).filter((share) => share > 0).length} of ${all.length}`;
  const rows = steps.map((step) => [
    `${step.wave} ${formatShare(step.share)}`,
    ...(isWide ? [reached(step)] : all.map((client) => formatShare(step.byClient[client] ?? 0))),
    formatShare(step.largest),
  ]);
  return [
    '',
    `Share of each client cluster's calls that ${plan.version} answers:`,
    ...table(['after step', ...(isWide ? ['clusters reached'] : all), 'largest']),
    ...rows.flatMap((row) => table(row)),
    '',
  ];
}

/** Who answers each client cluster's calls, now and then, and what that makes there. */
function callLines(plan: Plan, now: PlanFacts['topology']): string[] {
  const { namespace, service } = plan.service;
  const moves = plan.waves.flatMap(({ steps }) => Object.entries(steps.at(-1)?.topology ?? {}));
  if (moves.length === 0) return [];
  const calls = moves.flatMap(([client, { shares }]) => {
    const names = distinct([...Object.keys(now[client] ?? {}), ...Object.keys(shares)]);
    const cells = names.map(
      (name) => `${name} ${formatShare(now[client]?.[name] ?? 0)} → ${formatShare(shares[name] ?? 0)}`,
    );
    return table([client, cells.join(', ')]);
  });
  const objects = moves.flatMap(([client, { serves }]) => [
    ...Object.entries(serves).flatMap(([cluster, versions]) =>
      Object.keys(versions).map(
        (version) => `  ${client}: Service ${namespace}/${subsetName({ namespace, service, version, cluster })}`,
      ),
    ),
    `  ${client}: CiliumEnvoyConfig ${namespace}/${cecName(service)}`,
  ]);
  return ['', "Each client cluster's calls, by who answers:", ...calls, '', 'Objects made or changed:', ...objects, ''];
}

const table = (cells: readonly string[]): string[] => [`  ${cells.map((cell) => cell.padEnd(18)).join(' ')}`.trimEnd()];

function objectLines(plan: Plan): string[] {
  const { namespace, service } = plan.service;
  if (plan.kind === 'release' || plan.kind === 'restore') return [];
  const serving = [...new Set(plan.waves.flatMap((wave) => wave.serving))];
  return [
    'Objects made or changed:',
    ...serving.flatMap((cluster) => [
      ...(plan.workload === 'managed' && plan.kind !== 'undo'
        ? [`  ${cluster}: Deployment ${namespace}/${deploymentName(service, plan.version)}`]
        : []),
      `  ${cluster}: Service ${namespace}/${subsetName({ namespace, service, version: plan.version, cluster })}`,
      `  ${cluster}: CiliumEnvoyConfig ${namespace}/tidegate-${service}; at the end the selector of Service ${namespace}/${service}`,
    ]),
    '',
  ];
}
