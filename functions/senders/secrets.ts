/**
 * The values behind `secrets` of a Sender document. They are read anew for every request, since files are rotated under a
 * running process. An error names the place and never a value.
 */
import type { SecretRef, SenderConfig } from '../../core/config/events/types.ts';
import { TidegateError } from '../../core/values/error.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import type { SenderTools } from './sender.ts';

export interface SecretPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
  /** Told of a place that cannot be read while another one can: a rotation that has stopped half way. */
  readonly warn: (what: string) => void;
}

export const createSecretReader =
  (places: SecretPlaces): SenderTools['secrets'] =>
  async (sender) => {
    const read = await Promise.all(sender.secrets.map((ref) => readSecret(ref, places)));
    const values = read.flatMap((one) => ('value' in one ? [one.value] : []));
    const faults = read.flatMap((one) => ('fault' in one ? [one.fault] : []));
    if (values.length === 0) throw unreadable(sender, faults);
    for (const fault of faults) places.warn(`sender ${sender.name}: ${fault}; the other secret still counts`);
    return values;
  };

async function readSecret(ref: SecretRef, places: SecretPlaces): Promise<{ value: string } | { fault: string }> {
  if ('env' in ref) {
    const value = places.env[ref.env] ?? '';
    return value === '' ? { fault: `the environment variable ${ref.env} is not set` } : { value };
  }
  try {
    // Editors and Kubernetes manifests leave a line end behind.
    const value = (await places.readFile(ref.file)).trim();
    return value === '' ? { fault: `the file ${ref.file} is empty` } : { value };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { fault: `the file ${ref.file} cannot be read${code}` };
  }
}

/** The sender is not told where its secret lies; the log is. */
function unreadable(sender: SenderConfig, faults: readonly string[]): HttpProblem {
  const problem = new HttpProblem(503, 'who you are cannot be checked now: send it again', { 'retry-after': '30' });
  problem.cause = new TidegateError('Unavailable', `sender ${sender.name}: ${faults.join(', and ')}`, {
    fix: 'give the process that variable or file; it is read anew for the next request',
  });
  return problem;
}
