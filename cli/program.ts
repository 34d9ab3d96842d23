/** The commands, their options and their help. `run(argv, io)` answers with the exit code. */
import { Command, CommanderError } from 'commander';
import { TidegateError } from '../core/contract/errors.ts';
import type { Change } from '../core/contract/plan.ts';
import type { MessageType } from '../core/rollout/refuse.ts';
import { rolloutWorkflowId } from '../core/contract/names.ts';
import { exitCodes, type Io } from './io.ts';
import { connectTemporal, type TemporalAccess } from './temporal.ts';

interface Where {
  readonly mesh?: string;
  readonly namespace?: string;
}

const inputCodes: readonly string[] = ['Invalid', 'VersionExists', 'HalfMoved', 'Foreign', 'Conflict'];

export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = buildProgram(io, (code) => (exitCode = code));
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
    io.stderr(`${error.message}\n${error.fix === '' ? '' : `  → ${error.fix}\n`}`);
    return inputCodes.includes(error.code) ? exitCodes.badInput : exitCodes.error;
  }
  if (io.signal.aborted) return exitCodes.error;
  io.stderr(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return exitCodes.error;
}

type SetCode = (code: number) => void;

function buildProgram(io: Io, done: SetCode): Command {
  const program = new Command('tidegate')
    .description(
      'Moves traffic between versions, clusters and clouds, proves every move, and moves it back when the numbers say so.',
    )
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 promoted (done), 1 error, 2 bad input, 3 restored, 4 needs a person or partial.',
    );
  addChanges(program, io, done);
  addRollout(program, io, done);
  addLocal(program, io, done);
  addLab(program, io, done);
  return program;
}

const withTemporal = async (io: Io, body: (access: TemporalAccess) => Promise<number>): Promise<number> => {
  const access = await connectTemporal(io.env);
  try {
    return await body(access);
  } finally {
    await access.close();
  }
};

/** Options that name a service's place. */
const placed = (command: Command): Command =>
  command
    .option('-m, --mesh <name>', 'mesh, when the config has several')
    .option('-n, --namespace <name>', 'namespace, when several have such a service');

function addChanges(program: Command, io: Io, done: SetCode): void {
  const start = async (service: string, change: Change, options: Where & { detach?: boolean }): Promise<void> =>
    withTemporal(io, async ({ client }) => {
      const { startChange } = await import('./start.ts');
      const { handleOf, watchRollout } = await import('./rollout.ts');
      const started = await startChange(client, { service, change, ...where(options) }, io);
      io.stderr(`${started.workflowId} started\n`);
      for (const note of started.plan.notes) io.stderr(`  ${note}\n`);
      if (options.detach === true) {
        io.stdout(`${started.workflowId}\n`);
        return exitCodes.ok;
      }
      return watchRollout(handleOf(client, started.plan.service), io);
    }).then(done);
  const change = (name: string, description: string): Command =>
    placed(program.command(`${name} <service>`).description(description)).option(
      '-d, --detach',
      'do not follow it; print its workflow id',
    );

  change('adopt', 'take a running service under Tidegate, without a lost request')
    .option('--version <version>', 'version that runs, when the pods carry no label app.kubernetes.io/version')
    .action((service: string, o: Where & { version?: string; detach?: boolean }) =>
      start(service, { kind: 'adopt', ...(o.version === undefined ? {} : { version: o.version }) }, o),
    );
  change('deploy', 'roll a version out over the waves of the Service document')
    .requiredOption(
      '--version <version>',
      "name of the new version (its pods' label and OpenTelemetry service.version)",
    )
    .option(
      '--image <image>',
      "container image; without it the Service document's template, or the running template, is used",
    )
    .action((service: string, o: Where & { version: string; image?: string; detach?: boolean }) =>
      start(service, { kind: 'deploy', version: o.version, ...(o.image === undefined ? {} : { image: o.image }) }, o),
    );
  change('undo', 'go back to the previous proven version in one step, while it is warm')
    .option('--version <version>', 'which one, when clusters differ')
    .action((service: string, o: Where & { version?: string; detach?: boolean }) =>
      start(service, { kind: 'undo', ...(o.version === undefined ? {} : { version: o.version }) }, o),
    );
  change('release', 'give a service back to Kubernetes and Cilium, without a lost request').action(
    (service: string, o: Where & { detach?: boolean }) => start(service, { kind: 'release' }, o),
  );
  change('restore', 'put current traffic back to the proven one (after a terminated rollout)')
    .option('--from-cluster', 'without Temporal: reads the records in the clusters and writes them back from here')
    .action(async (service: string, o: Where & { detach?: boolean; fromCluster?: boolean }) => {
      if (o.fromCluster !== true) return start(service, { kind: 'restore' }, o);
      const { restoreFromCluster } = await import('./restore-from-cluster.ts');
      done(await restoreFromCluster({ service, ...where(o) }, io));
    });
  addPlan(program, io, done);
}

const where = (options: Where): Where => ({
  ...(options.mesh === undefined ? {} : { mesh: options.mesh }),
  ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
});

function addPlan(program: Command, io: Io, done: SetCode): void {
  placed(program.command('plan <service>').description('show what a change would do; changes nothing'))
    .option('--version <version>', 'plan a deploy of this version')
    .option('--image <image>', 'with --version: its image')
    .option('--adopt', 'plan an adoption')
    .option('--undo', 'plan an undo')
    .option('-o, --output <format>', 'json')
    .action(
      async (
        service: string,
        o: Where & { version?: string; image?: string; adopt?: boolean; undo?: boolean; output?: string },
      ) => {
        const change = plannedChange(o);
        done(
          await withTemporal(io, async ({ client }) => {
            const { startChange } = await import('./start.ts');
            const { planText } = await import('./view/plan-text.ts');
            const { plan, topology } = await startChange(client, { service, change, dryRun: true, ...where(o) }, io);
            io.stdout(o.output === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : planText({ plan, topology }));
            return exitCodes.ok;
          }),
        );
      },
    );
}

function plannedChange(o: { version?: string; image?: string; adopt?: boolean; undo?: boolean }): Change {
  if (o.adopt === true) return { kind: 'adopt', ...(o.version === undefined ? {} : { version: o.version }) };
  if (o.undo === true) return { kind: 'undo' };
  if (o.version === undefined)
    throw new TidegateError('Invalid', 'plan needs to know of what', {
      fix: 'say --version V (a deploy), --adopt or --undo',
    });
  return { kind: 'deploy', version: o.version, ...(o.image === undefined ? {} : { image: o.image }) };
}

function addRollout(program: Command, io: Io, done: SetCode): void {
  const rollout = program.command('rollout').description('look at rollouts and speak to them');
  const on = (name: string, description: string): Command =>
    placed(rollout.command(`${name} <service>`).description(description));
  const target = async (service: string, o: Where) => {
    const { wantedService } = await import('./wanted.ts');
    return wantedService({ service, ...where(o) }, io);
  };
  on('status', 'one look')
    .option('-o, --output <format>', 'json')
    .action(async (service: string, o: Where & { output?: string }) => {
      const of = await target(service, o);
      done(
        await withTemporal(io, async ({ client }) => {
          const { handleOf, notFound, readLive } = await import('./rollout.ts');
          const { statusLines } = await import('./view/status-text.ts');
          const handle = handleOf(client, of);
          const live = await readLive(handle, io).catch((error: unknown) => Promise.reject(notFound(error, handle)));
          io.stdout(
            o.output === 'json'
              ? `${JSON.stringify({ ...live.status, readings: live.readings }, null, 2)}\n`
              : `${statusLines(live).join('\n')}\n`,
          );
          return exitCodes.ok;
        }),
      );
    });
  on('watch', 'follow it to its end; the exit code tells the outcome').action(async (service: string, o: Where) => {
    const of = await target(service, o);
    done(
      await withTemporal(io, async ({ client }) => {
        const { handleOf, watchRollout } = await import('./rollout.ts');
        return watchRollout(handleOf(client, of), io);
      }),
    );
  });
  addMessages(on, target, io, done);
  rollout
    .command('list')
    .description('the newest rollouts first')
    .option('-o, --output <format>', 'json')
    .option('--limit <n>', 'rows', '20')
    .action(async (o: { output?: string; limit: string }) =>
      done(
        await withTemporal(io, async ({ client }) => {
          const { listRollouts } = await import('./rollout.ts');
          const rows = await listRollouts(client, Number(o.limit));
          if (o.output === 'json') io.stdout(`${JSON.stringify(rows, null, 2)}\n`);
          else
            for (const row of [
              { service: 'SERVICE', version: 'VERSION', state: 'STATE', started: 'STARTED', id: 'ID' },
              ...rows,
            ]) {
              io.stdout(
                `${row.service.padEnd(24)} ${row.version.padEnd(12)} ${row.state.padEnd(14)} ${row.started.padEnd(26)} ${row.id}\n`,
              );
            }
          return exitCodes.ok;
        }),
      ),
    );
}

type On = (name: string, description: string) => Command;
type Target = (service: string, o: Where) => Promise<{ mesh: string; namespace: string; service: string }>;

function addMessages(on: On, target: Target, io: Io, done: SetCode): void {
  const messages: [MessageType, string][] = [
    ['approve', 'let the gate open'],
    ['pause', 'hold before the next step; the watch goes on'],
    ['resume', 'go on after a pause; bakes again when a verdict was missing'],
    ['abort', 'stop and put the traffic back, now'],
    ['promote', 'go to the next step now'],
  ];
  for (const [type, description] of messages) {
    const command = on(type, description).option(
      '--reason <text>',
      'why; kept in the log',
      'asked on the command line',
    );
    if (type === 'promote') command.option('--full', 'skip all remaining bakes and gates; proofs and hard stops stay');
    command.action(async (service: string, o: Where & { reason: string; full?: boolean }) => {
      const of = await target(service, o);
      done(
        await withTemporal(io, async ({ client }) => {
          const { handleOf, say } = await import('./rollout.ts');
          const status = await say(handleOf(client, of), type, {
            reason: o.reason,
            ...(type === 'promote' ? { full: o.full === true } : {}),
          });
          io.stdout(`${status.outcome ?? status.phase}: ${status.reason}\n`);
          return exitCodes.ok;
        }),
      );
    });
  }
  on('retry', 'start the last change of a service again, planned anew').action(async (service: string, o: Where) => {
    const of = await target(service, o);
    done(
      await withTemporal(io, async ({ client }) => {
        const { retryChange } = await import('./retry.ts');
        const { handleOf, watchRollout } = await import('./rollout.ts');
        await retryChange(client, rolloutWorkflowId({ ...of, part: 'versions' }), of, io);
        return watchRollout(handleOf(client, of), io);
      }),
    );
  });
}

function addLocal(program: Command, io: Io, done: SetCode): void {
  program
    .command('validate [paths...]')
    .description('check config files: all errors at once, with file and line')
    .option('-o, --output <format>', 'json')
    .action(async (paths: string[], o: { output?: string }) => {
      const { validateCommand } = await import('./validate.ts');
      const given = paths.length > 0 ? paths : [io.env['TIDEGATE_CONFIG'] ?? '.'];
      done(await validateCommand({ paths: given, ...(o.output === 'json' ? { output: 'json' as const } : {}) }, io));
    });
  program
    .command('worker')
    .description('run the workers: workflows, writes, watches, restores')
    .option('--config <dir>', 'config directory (default: $TIDEGATE_CONFIG)')
    .action(async (o: { config?: string }) => {
      const { workerCommand } = await import('./worker.ts');
      done(await workerCommand(o, io));
    });
  placed(
    program
      .command('doctor [service]')
      .description('check reach, permissions, labels, metrics and foreign routes; changes nothing'),
  ).action(async (service: string | undefined, o: Where) => {
    const { doctorCommand } = await import('./doctor.ts');
    done(await doctorCommand({ ...(service === undefined ? {} : { service }), ...where(o) }, io));
  });
}

function addLab(program: Command, io: Io, done: SetCode): void {
  program
    .command('demo')
    .description('the whole story on one machine: adopt, promote, breach, restore, undo')
    .option('--keep', 'leave the lab up at the end')
    .option('--report <file>', 'write the summary as JSON')
    .action(async (o: { keep?: boolean; report?: string }) => {
      const { demoCommand } = await import('./demo.ts');
      done(await demoCommand(o, io));
    });
  program
    .command('lab')
    .description('a real mesh on one machine: up, down, status, logs, exec, break')
    .argument('<verb>')
    .argument('[args...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (verb: string, args: string[]) => {
      const { labCommand } = await import('./lab.ts');
      done(await labCommand(verb, args, io));
    });
}
