/** `tidegate lab …`: the real mesh on one machine. */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { TidegateError } from '../../core/values/error.ts';
import { connectLab, defaultLabName, defaultRate, labDown, labExec, labUp } from '../../infra/lab/client.ts';
import { breakUsage } from '../../infra/lab/faults.ts';
import { exitCodes, type Io } from '../io.ts';

const usage = `tidegate lab up [--name NAME]          start it (first time: builds its programs, about 15 minutes)
tidegate lab down [--name NAME]        end it; nothing of it is left
tidegate lab status [--name NAME]      its processes and addresses
tidegate lab logs [PROCESS]            follow a log
tidegate lab exec -- CMD …             run CMD with KUBECONFIG, TEMPORAL_ADDRESS, PROMETHEUS_URL and TIDEGATE_CONFIG set
tidegate lab traffic SERVICE [--rate N] | traffic stop | traffic report
tidegate lab break …                   make something fail:
${breakUsage.replace(/^/gm, '  ')}
`;

export async function labCommand(verb: string, args: readonly string[], io: Io): Promise<number> {
  if (verb === 'exec') return labExec(args[0] === '--' ? args.slice(1) : args, nameOf(io));
  if (verb === 'break') {
    await connectLab(nameOf(io)).break(...args);
    return exitCodes.ok;
  }
  const { values, positionals } = parsed(args);
  const name = values.name ?? nameOf(io);
  switch (verb) {
    case 'up':
      return up(name, io);
    case 'down':
      await labDown(name);
      return exitCodes.ok;
    case 'status':
      return status(name, io);
    case 'logs':
      return logs(name, positionals[0]);
    case 'traffic':
      return traffic(name, positionals[0], values.rate, io);
    default:
      throw new TidegateError('Invalid', `unknown verb ${verb}\n${usage}`);
  }
}

/** The lab that commands without --name mean. */
const nameOf = (io: Io): string => io.env['TIDEGATE_LAB'] ?? defaultLabName;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { name: { type: 'string' }, rate: { type: 'string' } },
      allowPositionals: true,
    });
  } catch (cause) {
    throw new TidegateError('Invalid', `${cause instanceof Error ? cause.message : String(cause)}\n${usage}`, {
      cause,
    });
  }
}

async function up(name: string, io: Io): Promise<number> {
  const lab = await labUp({ name, detach: true, report: (line) => io.stderr(`${line}\n`), signal: io.signal });
  for (const [key, value] of Object.entries(lab.env)) io.stdout(`export ${key}=${value}\n`);
  return exitCodes.ok;
}

async function status(name: string, io: Io): Promise<number> {
  const lab = connectLab(name);
  for (const process of await lab.status()) {
    io.stdout(`${process.running ? '✓' : '✗'} ${process.name.padEnd(40)} ${process.pid} ${process.failure ?? ''}\n`);
  }
  for (const [key, value] of Object.entries(lab.env)) io.stdout(`${key}=${value}\n`);
  return exitCodes.ok;
}

function logs(name: string, process = 'supervisor'): Promise<number> {
  const child = spawn('tail', ['-n', '100', '-f', join(connectLab(name).runDir, 'logs', `${process}.log`)], {
    stdio: 'inherit',
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? exitCodes.ok)));
}

async function traffic(name: string, what: string | undefined, rate: string | undefined, io: Io): Promise<number> {
  const lab = connectLab(name);
  if (what === undefined || what === 'report') {
    io.stdout(`${JSON.stringify(await lab.traffic.report(), null, 2)}\n`);
  } else if (what === 'stop') {
    await lab.traffic.stop();
  } else {
    await lab.traffic.start({ service: what, rate: Number(rate ?? defaultRate) });
  }
  return exitCodes.ok;
}
