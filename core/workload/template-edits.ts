/** What others changed in the pod template of a version: its name stands for one template, for ever. Pure. */
import { annotations, FIELD_MANAGER, labels } from '../kube/labels.ts';
import type { Deployment } from '../kube/objects.ts';
import { refuse } from '../values/error.ts';
import { describeEdited } from './edited-version.ts';
import { templateDigest } from './version-template.ts';
import { fieldAt } from '../values/json.ts';

/**
 * `kubectl-edit at 2026-11-23T00:00:00Z`; '' when the template is as it was made. A digest alone cannot tell: the API
 * server fills in defaults. Template metadata is nobody's build: `kubectl rollout restart` writes there.
 */
export function templateEditor({ metadata, spec }: Deployment): string {
  const made = metadata.annotations?.[annotations.templateDigest];
  if (made === undefined || made === templateDigest(spec.template)) return '';
  const last = (metadata.managedFields ?? [])
    .filter(({ manager, fieldsV1 }) => manager !== FIELD_MANAGER && ownsPodSpec(fieldsV1))
    .toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? ''))
    .at(-1);
  return last === undefined ? '' : `${last.manager ?? 'an unknown manager'} at ${last.time ?? 'an unknown time'}`;
}

function ownsPodSpec(fields: unknown): boolean {
  return fieldAt(fieldAt(fieldAt(fields, 'f:spec'), 'f:template'), 'f:spec') !== undefined;
}

/** A version that was edited is another build under its name: nothing is made from it, and nothing moves to it. */
export function assertUnedited(deployment: Deployment, cluster: string): void {
  const editor = templateEditor(deployment);
  if (editor === '') return;
  const { name, namespace = '', labels: given } = deployment.metadata;
  const version = given?.[labels.subsetVersion] ?? '';
  const { text, fix } = describeEdited({ cluster, namespace, deployment: name, version, editor });
  refuse('VersionExists', text, fix);
}
