/** The types of events that a sink may ask for. `core/events/out` makes them, and a test holds the two together. */

export const typesOut = [
  'dev.tidegate.rollout.started',
  'dev.tidegate.rollout.wave-started',
  'dev.tidegate.rollout.step',
  'dev.tidegate.rollout.wave-finished',
  'dev.tidegate.rollout.held',
  'dev.tidegate.rollout.gated',
  'dev.tidegate.rollout.paused',
  'dev.tidegate.rollout.frozen',
  'dev.tidegate.rollout.resumed',
  'dev.tidegate.rollout.breached',
  'dev.tidegate.rollout.restoring',
  'dev.tidegate.rollout.restored',
  'dev.tidegate.rollout.ended',
  'dev.tidegate.settler.ended',
  'dev.cdevents.pipelinerun.started.0.3.0',
  'dev.cdevents.pipelinerun.finished.0.3.0',
  'dev.cdevents.taskrun.started.0.3.0',
  'dev.cdevents.taskrun.finished.0.3.0',
  'dev.cdevents.service.deployed.0.3.0',
  'dev.cdevents.service.upgraded.0.3.0',
  'dev.cdevents.service.rolledback.0.3.0',
  'dev.cdevents.incident.detected.0.3.0',
  'dev.cdevents.incident.resolved.0.3.0',
] as const;

/** `dev.cdevents.*` is every type that begins like that. */
export const fitsType = (pattern: string, type: string): boolean =>
  pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;

const rollout = (...kinds: readonly string[]): string[] => kinds.map((kind) => `dev.tidegate.rollout.${kind}`);

/** What a sink hears that does not say. */
export const defaultTypes = {
  /** Everything. */
  http: ['dev.tidegate.*', 'dev.cdevents.*'],
  /** What a person should see or do something about. */
  slack: rollout('started', 'held', 'gated', 'paused', 'frozen', 'breached', 'restoring', 'ended'),
  teams: rollout('started', 'held', 'gated', 'paused', 'frozen', 'breached', 'restoring', 'ended'),
  generic: rollout('ended'),
  /** What changes the state of a commit. */
  github: rollout('started', 'held', 'gated', 'ended'),
  gitlab: rollout('started', 'held', 'gated', 'ended'),
} as const satisfies Record<string, readonly string[]>;
