/** `tidegate lab …`: the real mesh on one machine. */
import { spawn } from 'node:child_process';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refuse } from '../../core/values/error.ts';
import { connectLab, defaultLabName, defaultRate, labDown, labExec, labUp } from '../../infra/lab/client.ts';
import { exitCodes, type Io } from '../io.ts';
import { trafficText } from './traffic-text.ts';

export interface LabPlace {
  readonly name?: string;
}

export interface TrafficOptions extends LabPlace {
  readonly rate?: string;
  readonly output?: string;
}

/** The lab that is meant: the named one, else the environment's, else the usual one. */
const nameOf = ({ name }: LabPlace, io: Io): string => name ?? io.env['TIDEGATE_LAB'] ?? defaultLabName;

export async function up(place: LabPlace, io: Io): Promise<number> {
  const report = (line: string): void => io.stderr(`${line}\n`);
  const lab = await labUp({ name: nameOf(place, io), detach: true, report, signal: io.signal });
  report('starting the front door: its registry tells it of pushes');
  await lab.frontDoor.start(fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url)));
  for (const [key, value] of Object.entries(lab.env)) io.stdout(`export ${key}=${value}\n`);
  return exitCodes.ok;
}

export async function down(place: LabPlace, io: Io): Promise<number> {
  await labDown(nameOf(place, io));
  return exitCodes.ok;
}

export async function status(place: LabPlace, io: Io): Promise<number> {
  const lab = connectLab(nameOf(place, io));
  for (const process of await lab.status()) {
    io.stdout(`${process.running ? '✓' : '✗'} ${process.name.padEnd(40)} ${process.pid} ${process.failure ?? ''}\n`);
  }
  for (const [key, value] of Object.entries(lab.env)) io.stdout(`${key}=${value}\n`);
  return exitCodes.ok;
}

export function logs(place: LabPlace, process = 'supervisor', io: Io): Promise<number> {
  const file = join(connectLab(nameOf(place, io)).runDir, 'logs', `${process}.log`);
  const child = spawn('tail', ['-n', '100', '-f', file], { stdio: 'inherit' });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? exitCodes.ok)));
}

export const exec = (place: LabPlace, command: readonly string[], io: Io): Promise<number> =>
  labExec(command, nameOf(place, io));

export async function breakSomething(place: LabPlace, what: readonly string[], io: Io): Promise<number> {
  await connectLab(nameOf(place, io)).break(...what);
  return exitCodes.ok;
}

export async function traffic(what: string, options: TrafficOptions, io: Io): Promise<number> {
  const rate = Number(options.rate ?? defaultRate);
  if (!(rate > 0)) refuse('Invalid', `--rate ${options.rate} is no number above 0`, 'requests per second, like 100');
  const { traffic: load } = connectLab(nameOf(options, io));
  if (what === 'report') {
    const report = await load.report();
    io.stdout(options.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : trafficText(report));
  } else if (what === 'stop') {
    await load.stop();
  } else {
    await load.start({ service: what, rate });
  }
  return exitCodes.ok;
}
