/** What every command of the program shares. */
import { Option, type Command } from 'commander';
import { parts, type Part } from '../../core/routing/part.ts';
import type { Io } from '../io.ts';
import { installationIn } from '../../core/contract/installation.ts';
import type { RolloutIdentity } from '../rollouts/rollout.ts';
import type { TemporalAccess } from '../../platform/temporal/connect.ts';
import { present } from '../../core/values/json.ts';

export interface CommandContext {
  readonly io: Io;
  /** Takes the exit code of the command that ran. */
  readonly done: (exitCode: number) => void;
}

/** Options that say which of several services of a name is meant. */
export interface ServicePlace {
  readonly mesh?: string;
  readonly namespace?: string;
}

/** … and which part of its records is. */
export interface PartPlace extends ServicePlace {
  readonly part?: Part;
}

/** For commands that speak of one rollout: parts have one each. */
export const ofPart = (command: Command, what = 'whose rollout is meant (default: versions)'): Command =>
  command.addOption(new Option('--part <part>', what).choices([...parts]));

export const placed = (command: Command): Command =>
  command
    .option('-m, --mesh <name>', 'mesh, when the config has several')
    .option('-n, --namespace <name>', 'namespace, when several have such a service');

/** The place alone, without the command's other options. */
export const placeOf = ({ mesh, namespace }: ServicePlace): ServicePlace => ({
  ...present({ mesh, namespace }),
});

export async function withTemporal(
  { io, done }: CommandContext,
  body: (access: TemporalAccess) => Promise<number>,
): Promise<void> {
  // Commands load what they need when they run: the client of Temporal is most of what a start costs.
  const { connectTemporal } = await import('../../platform/temporal/connect.ts');
  const access = await connectTemporal(io.env);
  try {
    done(await body(access));
  } finally {
    await access.close();
  }
}

/** The rollout that a command speaks of. */
export async function rolloutOf(context: CommandContext, service: string, place: PartPlace): Promise<RolloutIdentity> {
  const { identityOfNamed } = await import('../rollouts/named-service.ts');
  const { io } = context;
  const of = await identityOfNamed({ service, ...placeOf(place) }, io);
  return { ...of, installation: installationIn(io.env), part: place.part };
}
