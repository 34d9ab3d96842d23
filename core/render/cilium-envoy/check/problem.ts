/** What is wrong with a CiliumEnvoyConfig. */

export interface CecProblem {
  /** From the object's root: `spec.resources[1].virtual_hosts[0].routes`. */
  readonly path: string;
  readonly reason: string;
}
