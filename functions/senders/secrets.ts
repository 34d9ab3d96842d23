/**
 * The values behind `secrets` of a Sender document. They are read anew for every request, since files are rotated under a
 * running process. An error names the place and never a value.
 */
import type { SenderConfig } from '../../core/config/events/types.ts';
import { TidegateError } from '../../core/values/error.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import { readSecrets, type SecretPlaces } from '../../platform/secrets.ts';
import type { SenderTools } from './sender.ts';

export interface SenderPlaces extends SecretPlaces {
  /** Told of a place that cannot be read while another one can: a rotation that has stopped half way. */
  readonly warn: (what: string) => void;
}

export const createSecretReader =
  (places: SenderPlaces): SenderTools['secrets'] =>
  async (sender) => {
    const { values, faults } = await readSecrets(sender.secrets, places);
    if (values.length === 0) throw unreadable(sender, faults);
    for (const fault of faults) places.warn(`sender ${sender.name}: ${fault}; the other secret still counts`);
    return values;
  };

/** The sender is not told where its secret lies; the log is. */
function unreadable(sender: SenderConfig, faults: readonly string[]): HttpProblem {
  const problem = new HttpProblem(503, 'who you are cannot be checked now: send it again', { 'retry-after': '30' });
  problem.cause = new TidegateError('Unavailable', `sender ${sender.name}: ${faults.join(', and ')}`, {
    fix: 'give the process that variable or file; it is read anew for the next request',
  });
  return problem;
}
