/** What becomes of a frontend that somebody has changed between rollouts. */
export const driftPolicies = ['repair', 'adopt', 'ask'] as const;

export type DriftPolicy = (typeof driftPolicies)[number];
