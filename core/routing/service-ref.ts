/** Which service is meant, in which mesh, and who owns its objects. */

import type { PortProtocol } from './port-protocol.ts';

export interface ServiceRef {
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
  /** Tidegate installation that owns the objects; another one's record is an error. */
  readonly installation: string;
  /** Port of the frontend that is routed, by number or name (spec.port). Absent: it has one. */
  readonly port?: string;
  /** What it speaks (spec.protocol). Absent: what the Service says. */
  readonly protocol?: PortProtocol;
}
