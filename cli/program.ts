/** The program: its commands and how errors end it. `run(argv, io)` answers with the exit code. */
import { Command, CommanderError } from 'commander';
import { TidegateError, isRefusal } from '../core/values/error.ts';
import { addAdopt } from './commands/changes/adopt.ts';
import { addAudit } from './commands/audit.ts';
import { addClusters } from './commands/clusters/clusters.ts';
import { addCrds } from './commands/clusters/crds.ts';
import { addRbac } from './commands/clusters/rbac.ts';
import { addDemo } from './commands/demo.ts';
import { addDeploy } from './commands/changes/deploy.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEvents } from './commands/events.ts';
import { addJudge } from './commands/judge.ts';
import { addLab } from './commands/lab.ts';
import { addPause, addUnpause } from './commands/pause.ts';
import { addPlan } from './commands/plan.ts';
import { addRelease } from './commands/changes/release.ts';
import { addRestore } from './commands/restore.ts';
import { addRollout } from './commands/rollout.ts';
import { addServe } from './commands/serve.ts';
import { addTopology } from './commands/topology.ts';
import { addTrigger } from './commands/trigger.ts';
import { addUndo } from './commands/changes/undo.ts';
import { addValidate } from './commands/validate.ts';
import { addWorker } from './commands/worker.ts';
import type { CommandContext } from './commands/context.ts';
import { exitCodes, type Io } from './io.ts';
import { packageVersion } from './version.ts';

export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = buildProgram({ io, done: (code) => (exitCode = code) });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
    return report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof TidegateError) {
    const remedy = error.fix === '' || error.message.includes(error.fix) ? '' : `  → ${error.fix}\n`;
    io.stderr(`${error.message}\n${remedy}`);
    return isRefusal(error.code) ? exitCodes.badInput : exitCodes.error;
  }
  if (io.signal.aborted) return exitCodes.error;
  io.stderr(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return exitCodes.error;
}

/** In the order of the help. */
const verbs = [
  addAdopt,
  addDeploy,
  addUndo,
  addRelease,
  addTopology,
  addRestore,
  addPlan,
  addRollout,
  addAudit,
  addEvents,
  addTrigger,
  addPause,
  addUnpause,
  addClusters,
  addRbac,
  addCrds,
  addValidate,
  addWorker,
  addServe,
  addDoctor,
  addJudge,
  addDemo,
  addLab,
];

function buildProgram(context: CommandContext): Command {
  const { io } = context;
  const program = new Command('tidegate')
    // Options before the command are the program's: `adopt --version V` keeps its own.
    .enablePositionalOptions()
    .version(packageVersion(), '-V, --version', 'version of tidegate')
    .description(
      'Moves traffic between versions, clusters and clouds, proves every move, and moves it back when the numbers say so.',
    )
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 promoted (done), 1 error, 2 bad input, 3 restored, 4 needs a person or partial. judge: 0 healthy, 3 breach, 4 unknown.',
    );
  for (const add of verbs) add(program, context);
  return program;
}
