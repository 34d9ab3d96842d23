/** A planner input as text becomes the model's input, or a refusal that names every mistake with its line. */
import type { TopologyInput } from '../../topology/model.ts';
import { refuse } from '../../values/error.ts';
import { formatProblem, sortedProblems } from '../problem.ts';
import { checkShape, createShape } from '../shape.ts';
import { type ConfigFile, readDocuments } from '../source.ts';
import { topologyInputSchema } from './input-schema.ts';

const remedy = 'see docs/reference/schema/topology-input.schema.json and docs/examples/topology/topology-input.yaml';

export function readTopologyInput(file: ConfigFile): TopologyInput {
  const { documents, problems } = readDocuments(file);
  const [document, ...others] = documents;
  if (problems.length === 0 && (document === undefined || others.length > 0))
    refuse('Invalid', `${file.path} has ${String(documents.length)} documents, not one`, remedy);
  const checked = document === undefined ? undefined : checkShape(document, createShape(topologyInputSchema));
  const all = sortedProblems([...problems, ...(checked?.problems ?? [])]);
  const value = checked?.value;
  if (all.length > 0 || value === undefined) refuse('Invalid', all.map(formatProblem).join('\n'), remedy);
  const { objective, dollarsPerMillionMs, clusters, roundTripMs, dollarsPerGb, classes } = value;
  return {
    ...{ objective, dollarsPerMillionMs, clusters, roundTripMs, dollarsPerGb, classes },
    utilisation: value.utilisation / 100,
    warm: value.warm / 100,
    services: Object.fromEntries(
      Object.entries(value.services).map(([name, one]) => [name, { ...one, maxShare: inParts(one.maxShare) }]),
    ),
  };
}

const inParts = (percents: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(percents).map(([name, percent]) => [name, percent / 100]));
