/** A topology plan as text: who answers whom, what it costs beside what others do, what a lost cluster leaves, and why. */
import type { TopologyPlan } from '../topology/plan.ts';
import type { Figures, SiteFigures } from '../topology/evaluate.ts';
import { formatShare, WHOLE } from '../values/share.ts';

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
const ms = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(1)} ms` : 'overloaded');
const dollars = (value: number): string => `$${value.toFixed(2)}/month`;

export const topologyPlanText = (plan: TopologyPlan): string =>
  [
    'who answers whom (client cluster ← serving clusters)',
    ...Object.entries(plan.shares).flatMap(([service, clients]) => [
      `  ${service}`,
      ...Object.entries(clients).map(([client, shares]) => `    ${client} ← ${sharesText(shares)}`),
    ]),
    '',
    'what it is worth (mean latency, egress, sites above a limit)',
    figureLine('this plan', plan.figures),
    ...Object.entries(plan.others).map(([name, figures]) => figureLine(name, figures)),
    `  at most ${percent(plan.gap)} above what the best split of each class by itself could reach`,
    ...shedLines(plan),
    '',
    'if one cluster is lost',
    ...plan.losses.map(({ cluster, served, shortfalls }) => {
      const tiers = Object.entries(served).map(([tier, part]) => `tier ${tier} ${percent(part)}`);
      const lacks = shortfalls.map(({ service, load, room }) => `${service} lacks ${(load - room).toFixed(1)}/s`);
      const verdict = shortfalls.length === 0 ? 'tier 1 survives' : `tier 1 does NOT survive: ${lacks.join(', ')}`;
      return `  without ${cluster}: ${verdict}; served: ${tiers.join(', ')}`;
    }),
    '',
    'to apply it: write these into spec.topology of each Service document, then run its command',
    ...Object.entries(plan.shares).flatMap(([service, clients]) => [
      `  # ${service}: tidegate topology apply ${service}`,
      '  topology:',
      ...Object.entries(clients).map(([client, shares]) => `    ${client}: ${flowText(shares)}`),
    ]),
    '',
  ].join('\n');

const figureLine = (name: string, { meanMs, egressDollarsPerMonth, above }: Figures): string =>
  `  ${name.padEnd(15)} ${ms(meanMs).padStart(10)}  ${dollars(egressDollarsPerMonth).padStart(16)}` +
  (above.length === 0 ? '' : `  above a limit: ${above.map(aboveText).join(', ')}`);

const aboveText = ({ service, cluster, load, most }: SiteFigures): string =>
  `${service} in ${cluster} ${load.toFixed(1)}/s of ${most.toFixed(1)}/s`;

const sharesText = (shares: Readonly<Record<string, number>>): string =>
  Object.entries(shares)
    .sort(([, a], [, b]) => b - a)
    .map(([name, share]) => `${name} ${formatShare(share)} ${'▇'.repeat(Math.round((share / WHOLE) * 10))}`)
    .join('  ');

const flowText = (shares: Readonly<Record<string, number>>): string =>
  `{ ${Object.entries(shares)
    .map(([name, share]) => `${name}: ${String(Number(((share / WHOLE) * 100).toFixed(4)))}`)
    .join(', ')} }`;

const shedLines = ({ served }: TopologyPlan): string[] => {
  const shed = Object.entries(served).filter(([, part]) => part < 1 - 1e-6);
  return shed.map(([name, part]) => `  shed now: ${percent(1 - part)} of class ${name}, for which there is no room`);
};

/** Alternatives beyond these are far off. */
const SHOWN_ALTERNATIVES = 3;

export const topologyExplanation = (plan: TopologyPlan): string => {
  const worth = plan.unit === 'ms' ? 'ms of a request, for each that it takes' : 'dollars a month for each request/s';
  const worse = plan.unit === 'ms' ? 'ms' : '$ per million calls';
  const groups = new Map<string, string[]>();
  for (const { service, client, serving, worse: more } of plan.alternatives) {
    const key = `${service} for ${client}`;
    const text = `${serving} ${more < 1e-6 ? 'best' : `+${more.toFixed(2)}`}`;
    groups.set(key, [...(groups.get(key) ?? []), text].slice(0, SHOWN_ALTERNATIVES));
  }
  return [
    `limits that bind, and what more room is worth (${worth})`,
    ...(plan.binding.length === 0 ? ['  none: every limit has room left'] : []),
    ...plan.binding.map(
      ({ service, cluster, by, worth: value }) =>
        `  ${service} in ${cluster}: ${by}, ${value === 0 ? 'nothing but room: every cluster is full' : value.toFixed(2)}`,
    ),
    '',
    `what the other ways would cost (${worse}, with all calls behind)`,
    ...[...groups].map(([key, texts]) => `  ${key}: ${texts.join(', ')}`),
    '',
    'how full it gets',
    ...plan.figures.sites.map(
      ({ service, cluster, load, utilisation }) =>
        `  ${service} in ${cluster}: ${load.toFixed(1)}/s, ${percent(utilisation)}`,
    ),
    '',
  ].join('\n');
};
