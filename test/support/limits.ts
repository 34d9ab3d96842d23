/** Every time limit of the tests, ms. Generous: they catch hangs, they measure nothing. */
export const limits = {
  pollEvery: 100,
  eventually: 20_000,
  /** A whole lab from nothing to its last ready pod: 20 s on two free cores. */
  labUp: 240_000,
  labDown: 60_000,
  /** A worker bundles the workflows and polls: 5 s. */
  workerReady: 60_000,
  /** From one phase of a rollout to a named one; the longest part of it is a proof by the traffic (30 s). */
  phase: 90_000,
  /** The same where dozens of them share a machine with others. */
  recording: 600_000,
  /** A rollout of lab length, from its start to its end. */
  rollout: 180_000,
  /** Enough requests for a statement about shares. */
  requests: 120_000,
  /** One test in the lab: a few rollouts at most. */
  labTest: 300_000,
} as const;
