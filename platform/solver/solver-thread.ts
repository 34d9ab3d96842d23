/**
 * The thread that solves. HiGHS blocks while it works, so it has a thread of its own: nobody's heartbeats wait for it.
 * One thread holds one program.
 */
import { parentPort, workerData } from 'node:worker_threads';
import loadHighs from 'highs';
import type { Columns, Solved, StartBasis } from '../../core/topology/program.ts';

export interface ThreadStart {
  /** Right sides of all rows, which are equalities. */
  readonly rightSides: Float64Array;
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

export interface ThreadTask {
  readonly added: Columns;
  readonly start: StartBasis | undefined;
}

/** What the thread answers to a set of columns. */
export type ThreadAnswer = { readonly solved: Solved } | { readonly failed: string };

const { rightSides, options } = workerData as ThreadStart;
const highs = await loadHighs();
const model = highs.createModel();
model.options.set({ output_flag: false, ...options });
let rowsAreIn = false;

parentPort?.on('message', (task: ThreadTask) => {
  let answer: ThreadAnswer;
  try {
    answer = { solved: solve(task) };
  } catch (error) {
    answer = { failed: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});

function solve({ added, start }: ThreadTask): Solved {
  const { cost, lower, upper, starts, rows: indices, values } = added;
  const [numRows, numCols] = [rightSides.length, cost.length];
  const matrix = { format: 'csc', numRows, numCols, starts, indices, values } as const;
  if (rowsAreIn) {
    if (numCols > 0) model.addCols({ cost, lower, upper, matrix });
  } else {
    rowsAreIn = true;
    const rowBounds = { rowLower: rightSides, rowUpper: rightSides };
    model.passModel({ numCols, numRows, colCost: cost, colLower: lower, colUpper: upper, ...rowBounds, matrix });
  }
  if (start !== undefined) model.setBasis({ colStatus: start.columns, rowStatus: start.rows });
  model.run();
  const status = model.getModelStatus();
  if (status !== highs.constants.modelStatus.optimal) throw new Error(`HiGHS ended with status ${String(status)}`);
  const { colValue, rowDual } = model.getSolution();
  return { objective: model.getObjectiveValue(), values: colValue, prices: rowDual };
}
