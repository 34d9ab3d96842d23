/**
 * Two labs on one machine share the loopback network, so each lab owns a slot: a part of the address space.
 *
 *   slot s, cluster id c, node n:   pods 10.(10s+c).n.x (API)  =  127.(10s+c).n.x (processes)
 *                                   services 10.(100+10s+c).0.0/16
 *                                   Envoy of the node .1, clients of the node .250
 *
 * A slot is held by a listening socket of the supervisor, so it is free again the moment the supervisor dies.
 */
import { createServer, type Server } from 'node:net';
import { refuse } from '../../../core/values/error.ts';

const slots = 10;
const slotPort = 7411;

export interface SlotClaim {
  readonly slot: number;
  release(): void;
}

export async function claimSlot(): Promise<SlotClaim> {
  for (let slot = 0; slot < slots; slot++) {
    const server = await tryListen(`127.${200 + slot}.0.1`);
    if (server) return { slot, release: () => void server.close() };
  }
  refuse(
    'Invalid',
    `All ${slots} lab slots of this machine are in use`,
    'Take a lab down with `tidegate lab down --name NAME`.',
  );
}

function tryListen(host: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ host, port: slotPort, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Second octet of the pod network. */
export function podNetwork(slot: number, clusterId: number): number {
  return 10 * slot + clusterId;
}

export function serviceCidr(slot: number, clusterId: number): string {
  return `10.${100 + 10 * slot + clusterId}.0.0/16`;
}

/** Node numbers count from 1. */
export function podAddress(network: number, node: number, host: number): string {
  return `10.${network}.${node}.${host}`;
}

/** Where the processes of this machine reach an address of the API: Kubernetes refuses loopback endpoints. */
export function loopbackOf(address: string): string {
  return address.replace(/^10\./, '127.');
}

export function envoyAddress(network: number, node: number): string {
  return `127.${network}.${node}.1`;
}

export function clientAddress(network: number, node: number): string {
  return `127.${network}.${node}.250`;
}
