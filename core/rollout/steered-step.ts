/** Names the one moment that a message is about: a late or repeated one cannot act on another. */
export interface SteeredStep {
  readonly workflowId: string;
  readonly runId: string;
  /** From 0; -1 = any. */
  readonly wave: number;
  readonly step: number;
}

/**
 * Of a message that was accepted. undefined: it names none, and is held to nothing. Histories have messages that were taken
 * without a wave or a step, and act on any: what is accepted today has passed `unnamedIn`.
 */
export function parseSteeredStep(sent: unknown): SteeredStep | undefined {
  if (typeof sent !== 'object' || sent === null) return undefined;
  const { workflowId, runId, wave, step } = sent as Record<string, unknown>;
  const number = (one: unknown): number => (Number.isInteger(one) ? (one as number) : -1);
  // A name that cannot be read is a name of something else: it is compared, and fits nothing.
  return { workflowId: String(workflowId), runId: String(runId), wave: number(wave), step: number(step) };
}

/** Which places of what somebody has sent name no place; '' = all do. That any is meant must be written: -1. */
export function unnamedIn(sent: unknown): string {
  if (typeof sent !== 'object' || sent === null) return '';
  const places = sent as Record<string, unknown>;
  return ['wave', 'step'].filter((name) => !isPlace(places[name])).join(' and ');
}

const isPlace = (one: unknown): boolean => Number.isInteger(one) && (one as number) >= -1;
