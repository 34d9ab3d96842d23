/** Names the one moment that a message is about: a late or repeated one cannot act on another. */
export interface SteeredStep {
  readonly workflowId: string;
  readonly runId: string;
  /** From 0; -1 = any. */
  readonly wave: number;
  readonly step: number;
}

/** Of what somebody has sent by hand. undefined: it names none, and is held to nothing. */
export function parseSteeredStep(sent: unknown): SteeredStep | undefined {
  if (typeof sent !== 'object' || sent === null) return undefined;
  const { workflowId, runId, wave, step } = sent as Record<string, unknown>;
  const number = (one: unknown): number => (Number.isInteger(one) ? (one as number) : -1);
  // A name that cannot be read is a name of something else: it is compared, and fits nothing.
  return { workflowId: String(workflowId), runId: String(runId), wave: number(wave), step: number(step) };
}
