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
  const named = namedRefusal(call, text);
  if (named !== undefined) return named;
  switch (status) {
    case 401:
      return new TidegateError('Forbidden', `${where}: ${verb}: the API server does not accept the credentials (401)`, {
        fix: 'renew the credentials of this context in the kubeconfig; in a cloud, let the cluster know the identity of the worker (EKS: an access entry)',
      });
    case 403:
      return new TidegateError('Forbidden', text, {
        fix: 'grant it: tidegate rbac prints the roles (or infra/kubernetes/rbac.yaml, bound by rbac-namespace.yaml in a namespace); tidegate clusters check shows what is missing',
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

/**
 * Refusals whose status code says something else than their words: an admission policy answers 403 like a missing role,
 * and a value of the wrong type is a 500 like a server in trouble. They stay as they are until somebody acts.
 */
function namedRefusal(call: FailedCall, text: string): TidegateError | undefined {
  const { where, verb, status, body } = call;
  const said = body.message ?? '';
  const invalid = (what: string, fix: string): TidegateError =>
    new TidegateError('Invalid', `${where}: ${verb} refused: ${what}: ${said.slice(0, MESSAGE_MAX)}`, { fix });
  if (/failed to create typed (?:patch|new) object/.test(said)) {
    const fields = typedFields(said);
    const named = fields.length === 0 ? 'a field has a wrong type' : `wrong type in ${fields.join(', ')}`;
    if (/duplicate entries for key/.test(said)) {
      return invalid(
        `two entries with one key in ${fields.join(', ')}`,
        'keep one of the two: Kubernetes stores both, and server-side apply takes one per key',
      );
    }
    return invalid(named, 'write the named fields as Kubernetes types them: labels and env values are text, in quotes');
  }
  if (status < 400 || status >= 500) return undefined;
  const policy = policyIn(said);
  if (policy !== undefined) {
    const fields = fieldsOf(body, said);
    const at = fields.length === 0 ? '' : ` at ${fields.join(', ')}`;
    return invalid(
      `${policy} does not allow it${at}`,
      `change the template so that ${policy} allows it, or have its owner make an exception; no role is missing`,
    );
  }
  if (status !== 403) return undefined;
  const quota = /(?:exceeded|failed) quota: ([^\s,:]+)/.exec(said)?.[1];
  if (quota !== undefined) {
    return new TidegateError('Invalid', text, {
      fix: `make room in the ResourceQuota ${quota}: two versions run side by side during a rollout; no role is missing`,
    });
  }
  const terminating = body.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
  if (!terminating && !said.includes('because it is being terminated')) return undefined;
  return new TidegateError('Invalid', text, {
    fix: 'the namespace is being deleted: wait until it is gone, make it anew, then retry; no role is missing',
  });
}

/** `.spec.replicas: expected …`, one or several, as structured-merge-diff words them. Keys of a list may hold spaces. */
const typedFields = (said: string): string[] =>
  [...said.matchAll(/(?:^|\s)\.?((?:[^\s[\]:]|\[[^\]]*\])+): (?:expected|duplicate|field not declared|element)/g)].map(
    ([, field]) => field ?? '',
  );

/** The policy that said no, as its owner knows it. */
function policyIn(said: string): string | undefined {
  const policy = /ValidatingAdmissionPolicy '([^']+)'/.exec(said)?.[1];
  if (policy !== undefined) return `ValidatingAdmissionPolicy ${policy}`;
  const webhook = /admission webhook "([^"]+)" denied the request/.exec(said)?.[1];
  if (webhook !== undefined) return `the admission webhook ${webhook}`;
  const level = /violates PodSecurity "([^"]+)"/.exec(said)?.[1];
  if (level !== undefined) return `PodSecurity ${level}`;
  return /\bdenied (?:the )?request\b/.test(said) ? 'an admission policy' : undefined;
}

/** Fields that the Status names, else those that the policy's own words name: `spec.x`, or `/metadata/labels/team/`. */
function fieldsOf(body: ApiStatus, said: string): string[] {
  const told = (body.details?.causes ?? []).flatMap(({ field }) =>
    field === undefined || field === '' ? [] : [field],
  );
  if (told.length > 0) return [...new Set(told)];
  const worded = said.matchAll(/(?:^|[\s"'`(/])((?:metadata|spec)[./](?:[^\s"'`,;:[\]()]|\[[^\]]*\])+)/g);
  return [...new Set([...worded].map(([, field]) => (field ?? '').replace(/[./]+$/, '').replaceAll('/', '.')))];
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
