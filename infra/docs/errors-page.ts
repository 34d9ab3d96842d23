/** The errors reference, made from the one table of failure codes. */
import { failureTypes } from '../../core/values/error.ts';
import { table } from './table.ts';

export function errorsPage(): string {
  const rows = Object.entries(failureTypes).map(([code, { retry, meaning }]) => [code, retry ? 'yes' : 'no', meaning]);
  return `<!-- Generated from core/values/error.ts by infra/docs/generate-errors.ts; do not edit. -->

# Errors

Every error says what happened, where (\`cluster/namespace/kind/name\`), why, and after an arrow what to do about it. Its code is
the failure type that the Temporal UI shows. "Retried" means that Tidegate tries again by itself; a refusal before the first write
is final whatever its code.

${table(['Code', 'Retried', 'Meaning'], rows)}
`;
}
