/** Answers of an API server → TidegateError. The server's words are kept, bounded; nothing of our request is repeated. */
import { TidegateError } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';

/** `metav1.Status`, as far as it is read. */
export interface ApiStatus {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

export interface FailedCall {
  /** `cluster/namespace/kind/name`. */
  readonly where: string;
  readonly verb: string;
  readonly status: number;
  readonly body: ApiStatus;
  readonly retryAfterMs: number | undefined;
}

/** Longest part of a server's message that is passed on, in characters: failures are cut at 4 KiB in histories. */
const MESSAGE_MAX = 800;

/** Raised by server-side apply when other managers own fields that we would change. */
export class FieldConflict extends TidegateError {
  /** Lines like `kubectl-edit: .spec.resources`. */
  readonly owners: readonly string[];

  constructor(where: string, owners: readonly string[]) {
    super('Foreign', `${where}: fields that Tidegate writes belong to others: ${owners.join('; ')}`, {
      fix: 'undo the outside edit, or take that manager away from the object; then retry',
    });
    this.owners = owners;
  }
}

export function statusError(call: FailedCall): TidegateError {
  const { where, verb, status, retryAfterMs } = call;
  const said = (call.body.message ?? `HTTP ${String(status)}`).slice(0, MESSAGE_MAX);
  const text = `${where}: ${verb} refused: ${said}`;
  const owners = fieldOwners(call.body);
  if (status === 409 && owners.length > 0) return new FieldConflict(where, owners);
  switch (status) {
    case 401:
      return new TidegateError('Forbidden', `${where}: ${verb}: the API server does not accept the credentials (401)`, {
        fix: 'renew the credentials of this context in the kubeconfig',
      });
    case 403:
      return new TidegateError('Forbidden', text, {
        fix: 'grant it: infra/kubernetes/rbac.yaml has the role; tidegate doctor shows what is missing',
      });
    case 409:
      return new TidegateError('Conflict', text);
    case 410:
      // A list's continue token has expired: the next attempt begins a new list.
      return new TidegateError('Unavailable', text);
    case 429:
      return new TidegateError('Throttled', text, { ...present({ retryAfterMs }) });
    default:
      if (status >= 500) return new TidegateError('Unavailable', text, { ...present({ retryAfterMs }) });
      return new TidegateError('Invalid', text, { fix: 'correct the named fields' });
  }
}

/** `conflict with "kubectl" using v1: .spec.x` per cause → `kubectl: .spec.x`. */
function fieldOwners(body: ApiStatus): string[] {
  const causes = body.details?.causes ?? [];
  return causes
    .filter((cause) => cause.reason === 'FieldManagerConflict')
    .map((cause) => {
      const manager = /conflict with "([^"]*)"/.exec(cause.message ?? '')?.[1] ?? 'unknown manager';
      return `${manager}: ${cause.field ?? ''}`;
    });
}
