/** trigger test: what an event would do. */
import type { Command } from 'commander';
import type { TestTriggerOptions } from '../events/test-trigger.ts';
import type { CommandContext } from './context.ts';

export function addTrigger(program: Command, { io, done }: CommandContext): void {
  program
    .command('trigger')
    .description('what events start')
    .command('test <file>')
    .description(
      "what an event would do, with every filter's value: a CloudEvent in JSON, or a body as a sender sends it",
    )
    .option('--config <dir>', 'config directory (default: $TIDEGATE_CONFIG)')
    .option('--sender <name>', 'who sends it, when the config has several')
    .option('--header <line>', "of the sender, such as 'X-GitHub-Event: push'", collected, [])
    .action(async (file: string, options: TestTriggerOptions) => {
      const { testTrigger } = await import('../events/test-trigger.ts');
      done(await testTrigger(file, options, io));
    });
}

const collected = (one: string, before: readonly string[]): readonly string[] => [...before, one];
