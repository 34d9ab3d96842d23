/** rollout status | watch | list | retry | drop | move | settle, and the messages approve | pause | resume | abort | promote | give-up. */
import type { Command } from 'commander';
import { installationIn } from '../../core/contract/installation.ts';
import type { MessageType } from '../../core/rollout/machine/refuse.ts';
import { claimedBy, exitCodes } from '../io.ts';
import { rolloutOf, ofPart, placed, withTemporal, type CommandContext, type PartPlace } from './context.ts';

type On = (name: string, description: string) => Command;

export function addRollout(program: Command, context: CommandContext): void {
  const rollout = program.command('rollout').description('look at rollouts and speak to them');
  const on: On = (name, description) => ofPart(placed(rollout.command(`${name} <service>`).description(description)));
  addReaders(on, context);
  addMessages(on, context);
  addApproveLink(on, context);
  addGiveUp(on, context);
  addRetry(on, context);
  addStuck(on, context);
  addDrop(on, context);
  rollout
    .command('list')
    .description('what waits for its turn, and why; then the newest rollouts')
    .option('-o, --output <format>', 'json')
    .option('--limit <n>', 'rows', '20')
    .action(({ output, limit }: { output?: string; limit: string }) =>
      withTemporal(context, async ({ client }) => {
        const { listRollouts, rowsText } = await import('../rollouts/list.ts');
        const rows = await listRollouts(client, installationIn(context.io.env), Number(limit));
        context.io.stdout(output === 'json' ? `${JSON.stringify(rows, null, 2)}\n` : rowsText(rows));
        return exitCodes.ok;
      }),
    );
}

function addReaders(on: On, context: CommandContext): void {
  const { io } = context;
  on('status', 'one look')
    .option('-o, --output <format>', 'json')
    .action(async (service: string, options: PartPlace & { output?: string }) => {
      const of = await rolloutOf(context, service, options);
      await withTemporal(context, async ({ client }) => {
        const { handleOf, lookOnce } = await import('../rollouts/rollout.ts');
        const { askedOf } = await import('../rollouts/asked.ts');
        const { findWaiting } = await import('../rollouts/waiting.ts');
        const { statusLines } = await import('../../core/view/status-text.ts');
        const { waitingLines } = await import('../../core/view/waiting-text.ts');
        const [seen, waiting, asked] = await Promise.all([
          handleOf(client, of).then((handle) => lookOnce(handle, io)),
          findWaiting(client, of),
          askedOf(client, of),
        ]);
        const live = { ...seen, asked };
        const json = { ...live.status, readings: live.readings, run: live.run, asked, waits: waiting?.waits ?? null };
        const lines = [...statusLines(live), ...waitingLines(waiting)];
        io.stdout(options.output === 'json' ? `${JSON.stringify(json, null, 2)}\n` : `${lines.join('\n')}\n`);
        return exitCodes.ok;
      });
    });
  on('watch', 'follow it to its end; the exit code tells the outcome').action(
    async (service: string, place: PartPlace) => {
      const of = await rolloutOf(context, service, place);
      await withTemporal(context, async ({ client }) => {
        const { handleOf, watchRollout } = await import('../rollouts/rollout.ts');
        return watchRollout(await handleOf(client, of), io);
      });
    },
  );
}

const messages: readonly (readonly [MessageType, string])[] = [
  ['approve', 'let the gate open'],
  ['pause', 'hold before the next step; the watch goes on'],
  ['resume', 'go on after a pause; bakes again when a verdict was missing'],
  ['abort', 'stop and put the traffic back, now'],
  ['promote', 'go to the next step now'],
];

interface SaidOptions {
  readonly reason: string;
  readonly full?: boolean;
  readonly breakGlass?: string;
}

const brokenGlass = { breakGlass: true } as const;

function addMessages(on: On, context: CommandContext): void {
  for (const [type, description] of messages) {
    const command = on(type, description).option('--reason <text>', 'why; kept in the log', 'from the command line');
    if (type === 'promote') {
      command
        .option('--full', 'skip all remaining bakes and gates; proofs and hard stops stay')
        .option('--break-glass <reason>', 'freeze windows hold nothing of this rollout any more; kept in the log');
    }
    command.action(async (service: string, options: PartPlace & SaidOptions) => {
      const of = await rolloutOf(context, service, options);
      await withTemporal(context, async ({ client }) => {
        const { handleOf, say, stepNow } = await import('../rollouts/rollout.ts');
        const handle = await handleOf(client, of);
        const { breakGlass } = options;
        const promotion = type === 'promote' ? { full: options.full === true, ...(breakGlass && brokenGlass) } : {};
        // What goes back or holds waits for no look.
        const step = type === 'approve' || type === 'promote' ? { of: await stepNow(handle) } : {};
        const said = { reason: breakGlass ?? options.reason, by: claimedBy(context.io) };
        const status = await say(handle, type, { ...said, ...promotion, ...step });
        context.io.stdout(`${status.outcome ?? status.phase}: ${status.reason}\n`);
        return exitCodes.ok;
      });
    });
  }
}

function addApproveLink(on: On, context: CommandContext): void {
  on('approve-link', 'make a link by which somebody can approve the step that waits: once, until it expires')
    .requiredOption('--for <name>', 'whom it is for: what it does is written down in their name')
    .option('--ttl <duration>', 'how long it works; at most as long as the Mesh document says (default)')
    .action(async (service: string, options: PartPlace & { for: string; ttl?: string }) => {
      const of = await rolloutOf(context, service, options);
      await withTemporal(context, async ({ client }) => {
        const { handleOf, stepNow } = await import('../rollouts/rollout.ts');
        const { approveLink } = await import('../rollouts/approve-link.ts');
        const step = await stepNow(await handleOf(client, of));
        const { link, text } = await approveLink({ of, step, madeFor: options.for, ttl: options.ttl }, context.io);
        context.io.stderr(`${text}\n`);
        context.io.stdout(`${link}\n`);
        return exitCodes.ok;
      });
    });
}

function addGiveUp(on: On, context: CommandContext): void {
  on('give-up', 'end a way back without a cluster that will not answer; it keeps its last route until it is restored')
    .requiredOption('--cluster <name>', 'which one, of those that are still to be written')
    .option('--reason <text>', 'why; kept in the log', 'from the command line')
    .action(async (service: string, options: PartPlace & { cluster: string; reason: string }) => {
      const of = await rolloutOf(context, service, options);
      await withTemporal(context, async ({ client }) => {
        const { handleOf, say } = await import('../rollouts/rollout.ts');
        const { cluster, reason } = options;
        const status = await say(await handleOf(client, of), 'giveUp', { cluster, reason, by: claimedBy(context.io) });
        context.io.stdout(`${status.outcome ?? status.phase}: ${status.reason}\n`);
        return exitCodes.ok;
      });
    });
}

function addDrop(on: On, context: CommandContext): void {
  on('drop', 'let a change go that waits for its turn; what runs goes on')
    .option('--reason <text>', 'why; told to who asked for the change', 'from the command line')
    .action(async (service: string, options: PartPlace & { reason: string }) => {
      const of = await rolloutOf(context, service, options);
      await withTemporal(context, async ({ client }) => {
        const { dropWaiting } = await import('../rollouts/waiting.ts');
        const { endedText } = await import('../../core/view/waiting-text.ts');
        const dropped = await dropWaiting(client, of, options.reason);
        context.io.stdout(`${endedText(dropped)}\n`);
        return exitCodes.ok;
      });
    });
}

function addRetry(on: On, context: CommandContext): void {
  on('retry', 'start the last change of a service again, planned anew').action(
    async (service: string, place: PartPlace) => {
      const of = await rolloutOf(context, service, place);
      await withTemporal(context, async ({ client }) => {
        const { retryChange } = await import('../rollouts/retry.ts');
        const { handleOf, watchRollout } = await import('../rollouts/rollout.ts');
        await retryChange(client, { handle: await handleOf(client, of), of, io: context.io });
        return watchRollout(await handleOf(client, of), context.io);
      });
    },
  );
}

function addStuck(on: On, context: CommandContext): void {
  on('move', 'let a run go on with workers of another build, from its next task on')
    .requiredOption('--build-id <id>', 'its workers must poll every queue')
    .action(async (service: string, options: PartPlace & { buildId: string }) => {
      const of = await rolloutOf(context, service, options);
      await withTemporal(context, async ({ client }) => {
        const { moveNow } = await import('../rollouts/stuck.ts');
        return moveNow(client, context.io, { ...of, buildId: options.buildId });
      });
    });
  on('settle', 'end a run that stands still: terminate it, and have the settler put its traffic back')
    .option('--yes', 'terminate it; without this it is only told what would happen')
    .action(async (service: string, options: PartPlace & { yes?: boolean }) => {
      const of = await rolloutOf(context, service, options);
      await withTemporal(context, async ({ client }) => {
        const { settleNow } = await import('../rollouts/stuck.ts');
        return settleNow(client, context.io, { ...of, yes: options.yes === true });
      });
    });
}
