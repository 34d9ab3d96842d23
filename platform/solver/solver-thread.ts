/**
 * The thread that solves. HiGHS blocks while it works, so it has a thread of its own: nobody's heartbeats wait for it.
 * It holds one program at a time.
 */
import { parentPort } from 'node:worker_threads';
import loadHighs from 'highs';
import type { Columns, Solved, StartBasis } from '../../core/topology/program.ts';

export interface ThreadTask {
  /** Of a new program: right sides of all its rows, which are equalities. Missing: columns for the program at hand. */
  readonly rightSides: Float64Array | undefined;
  readonly added: Columns;
  readonly start: StartBasis | undefined;
}

/** What the thread answers to a task. */
export type ThreadAnswer = { readonly solved: Solved } | { readonly failed: string };

// Its types are written for CommonJS, where the function is a member; as a module it is the default export itself.
const highs = await (loadHighs as unknown as typeof loadHighs.default)();
const model = highs.createModel();
/**
 * The program comes with a basis that is feasible, and grows by columns, which keeps it so: the primal simplex method
 * (4) can go on from there, and presolve would throw the basis away.
 */
model.options.set({ output_flag: false, presolve: 'off', solver: 'simplex', simplex_strategy: 4 });
let numRows = 0;

parentPort?.on('message', (task: ThreadTask) => {
  let answer: ThreadAnswer;
  try {
    answer = { solved: solve(task) };
  } catch (error) {
    answer = { failed: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});

function solve({ rightSides, added, start }: ThreadTask): Solved {
  const { cost, lower, upper, starts, rows: indices, values } = added;
  const numCols = cost.length;
  if (rightSides !== undefined) {
    numRows = rightSides.length;
    const matrix = { format: 'csc', numRows, numCols, starts, indices, values } as const;
    const rowBounds = { rowLower: rightSides, rowUpper: rightSides };
    model.passModel({ numCols, numRows, colCost: cost, colLower: lower, colUpper: upper, ...rowBounds, matrix });
  } else if (numCols > 0) {
    model.addCols({ cost, lower, upper, matrix: { format: 'csc', numRows, numCols, starts, indices, values } });
  }
  if (start !== undefined) model.setBasis({ colStatus: start.columns, rowStatus: start.rows });
  model.run();
  const status = model.getModelStatus();
  if (status !== highs.constants.modelStatus.optimal) throw new Error(`HiGHS ended with status ${String(status)}`);
  const { colValue, rowDual } = model.getSolution();
  return { objective: model.getObjectiveValue(), values: colValue, prices: rowDual };
}
