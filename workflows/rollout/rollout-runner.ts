/** Runs the commands of the state machine as activities and reports each end as an event. */
import type { Command, RolloutState } from '../../core/rollout/machine/state.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { describeFailure } from '../failures.ts';
import { beforeCommands } from './before-commands.ts';
import { forwardCommands } from './forward-commands.ts';
import { leaveCommands } from './leave-commands.ts';
import { pinCommands } from './pin-commands.ts';
import { retireCommands } from './retirements.ts';
import { createContext, guardRun, type Handlers, type Message } from './run-context.ts';
import { watchCommands } from './watch-commands.ts';
import { wayBackCommands } from './way-back-commands.ts';

export interface Runner {
  /** Resolves once the guard of the run has started. Never rejects. */
  guard(): Promise<void>;
  run(command: Command): void;
  /** Ends what still watches or goes forward; resolves when nothing is under way. */
  settle(): Promise<void>;
}

export function createRunner(plan: Plan, emit: (message: Message) => void, state: () => RolloutState): Runner {
  const context = createContext(plan, emit);
  const watching = watchCommands(context, state);
  const { stopAsking, ...leave } = leaveCommands(context);
  const handlers: Handlers<Command['type']> = {
    ...forwardCommands(context),
    ...beforeCommands(context),
    ...pinCommands(context),
    ...leave,
    ...wayBackCommands(context),
    ...watching,
    ...retireCommands(context),
  };
  return {
    guard: () => guardRun(context),
    run: (command) => {
      try {
        // A watch goes on beside a question; every other command that is numbered takes its place.
        if ('seq' in command && command.type !== 'watch') stopAsking();
        (handlers[command.type] as (command: Command) => void)(command);
      } catch (error) {
        // A bug before any activity was asked: the command has failed as if one had. Without a number it ends the run.
        if (!('seq' in command)) throw error;
        const { code, message } = describeFailure(error);
        context.emit({ type: 'failed', seq: command.seq, reason: message, code });
      }
    },
    settle: async () => {
      context.forward.cancel();
      stopAsking();
      watching.stopWatch({ type: 'stopWatch' });
      await Promise.allSettled([...context.underWay]);
    },
  };
}
