/** What happens to a mesh before its calls are shared out anew. */
import { withoutCluster } from '../../../core/topology/plan.ts';
import type { TopologyInput } from '../../../core/topology/model.ts';

export interface Scenario {
  readonly name: string;
  /** Demand as a part of what all clusters together may serve of the most loaded service. */
  readonly load: number;
  readonly change: (input: TopologyInput) => TopologyInput;
}

const asItIs = (input: TopologyInput): TopologyInput => input;

export const scenarios: readonly Scenario[] = [
  ...[40, 60, 80, 100, 120].map((percent) => ({ name: `load ${percent} %`, load: percent / 100, change: asItIs })),
  { name: 'a cluster lost', load: 0.5, change: (input) => withoutCluster(input, 'c0') },
  { name: 'one cluster three times slower', load: 0.5, change: slower },
  { name: 'egress of one cluster ten times dearer', load: 0.6, change: dearer },
  { name: 'residency of every second service', load: 0.4, change: resident },
];

function slower(input: TopologyInput): TopologyInput {
  const services = Object.entries(input.services).map(([name, one]) => [name, { ...one, slower: { c1: 3 } }] as const);
  return { ...input, services: Object.fromEntries(services) };
}

function dearer(input: TopologyInput): TopologyInput {
  const others = Object.keys(input.clusters).filter((one) => one !== 'c0');
  return { ...input, dollarsPerGb: { c0: Object.fromEntries(others.map((one) => [one, 0.9])) } };
}

function resident(input: TopologyInput): TopologyInput {
  const services = Object.entries(input.services).map(([name, one], at) => {
    const without = Object.keys(input.clusters).filter((_, cluster) => cluster !== at % 3);
    return [name, at % 2 === 0 ? one : { ...one, allow: { clusters: without } }] as const;
  });
  return { ...input, services: Object.fromEntries(services) };
}
