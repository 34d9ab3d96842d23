/** `tidegate topology plan|explain`: the planner on an input file, with what-ifs. Reads one file; changes no cluster. */
import { writeFile } from 'node:fs/promises';
import { readTopologyInput } from '../../core/config/topology/read-input.ts';
import { planTopology, scaledDemand, withoutCluster } from '../../core/topology/plan.ts';
import type { TopologyInput } from '../../core/topology/model.ts';
import { refuse } from '../../core/values/error.ts';
import { topologyExplanation, topologyPlanText } from '../../core/view/topology-text.ts';
import { topologySvg } from '../../core/view/topology-svg.ts';
import { readText } from '../../platform/config/read-files.ts';
import { withHighs } from '../../platform/solver/highs.ts';
import { exitCodes, type Io } from '../io.ts';

export interface TopologyPlanArgs {
  readonly file: string;
  readonly explain: boolean;
  readonly without?: readonly string[];
  readonly demand?: readonly string[];
  readonly svg?: string;
  readonly output?: 'json';
}

/** Exit code 4: the plan stands, but it is above a limit, or tier 1 would not survive the loss of some cluster. */
export async function topologyPlanCommand(args: TopologyPlanArgs, io: Io): Promise<number> {
  const text = await readText(args.file).catch((error: unknown) =>
    refuse('Invalid', `${args.file}: ${error instanceof Error ? error.message : String(error)}`, 'name a YAML file'),
  );
  const input = whatIf(readTopologyInput({ path: args.file, text }), args);
  const plan = await withHighs((solver) => planTopology(input, solver));
  if (args.output === 'json') io.stdout(`${JSON.stringify(plan, null, 2)}\n`);
  else io.stdout(args.explain ? topologyExplanation(plan) : topologyPlanText(plan));
  if (args.svg !== undefined) await writeFile(args.svg, topologySvg(plan.clusters, plan.shares));
  const isSafe = plan.figures.above.length === 0 && plan.losses.every(({ shortfalls }) => shortfalls.length === 0);
  return isSafe ? exitCodes.ok : exitCodes.needsPerson;
}

function whatIf(input: TopologyInput, { without = [], demand = [] }: TopologyPlanArgs): TopologyInput {
  const left = without.reduce(withoutCluster, input);
  return demand.reduce((before, written) => {
    const [, name = '', change = ''] = /^([^=]+)=([+-]\d+(?:\.\d+)?)%$/.exec(written) ?? [];
    const factor = 1 + Number(change) / 100;
    if (name === '' || factor < 0)
      refuse('Invalid', `--demand ${written} is no change of demand`, 'write it as checkout=+40% or checkout=-20%');
    return scaledDemand(before, { name, factor });
  }, left);
}
