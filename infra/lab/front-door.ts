/** What the front door of a lab needs: an address, its secrets, and a registry that tells it of pushes. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workbench } from './workbench.ts';
import { freePorts } from './ports.ts';
import { startRegistry } from './registry.ts';

export interface LabDoor {
  readonly url: string;
  /** `HOST:PORT`. */
  readonly registry: string;
  readonly secrets: DoorSecrets;
}

/** Files with secrets of this lab alone. */
export interface DoorSecrets {
  /** The registry shows it with every notification. */
  readonly registryToken: string;
  /** Signs links to approve by. */
  readonly approvalKey: string;
  /** Signs what is told to sinks. */
  readonly sinkSecret: string;
}

/** The name of the Sender document. */
export const registrySender = 'lab-registry';

export async function startDoor({ dataDir, starters }: Workbench): Promise<LabDoor> {
  const [port] = (await freePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  const secret = (name: string, text: string): string => {
    const file = join(dataDir, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const token = randomBytes(24).toString('base64url');
  const secrets: DoorSecrets = {
    registryToken: secret('registry-token', token),
    approvalKey: secret('approval-key', randomBytes(32).toString('base64url')),
    sinkSecret: secret('sink-secret', `whsec_${randomBytes(32).toString('base64')}`),
  };
  const hearer = { url: `${url}/events/${registrySender}`, token };
  const { host } = await startRegistry(starters.control, { dir: dataDir, hearer });
  return { url, registry: host, secrets };
}
