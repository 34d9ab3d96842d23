/** Rights as manifests: roles in the namespaces of services, and for the whole cluster only what has no namespace. */
import { resourcePath, type ResourceType } from '../kinds.ts';
import type { KubeObject } from '../objects.ts';
import { CILIUM_NAMESPACE, grants, usualUse, type Grant, type RightsUse, type Scope } from './needs.ts';

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Who gets the rights: as the API server knows the caller, whatever its cloud calls it. */
export type Subject =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string };

interface RoleObject extends KubeObject {
  readonly rules: readonly PolicyRule[];
}

const hubGroup = 'tidegate.dev';
const hubKinds: readonly ResourceType[] = ['Mesh', 'Service', 'Sender', 'Trigger', 'Sink'].map((kind) => ({
  ...{ apiVersion: `${hubGroup}/v1alpha1`, kind },
}));

const RBAC = 'rbac.authorization.k8s.io';
const apiVersion = `${RBAC}/v1`;

/** Names of their own: those of infra/kubernetes may be there, and a binding cannot change its role. */
const names: Readonly<Record<Scope, string>> = {
  services: 'tidegate-services',
  everywhere: 'tidegate-routes',
  cilium: 'tidegate-cilium-read',
};

/** One rule per group, verbs and names; sorted: the same rights, the same bytes. */
export function policyRules(of: readonly Grant[]): PolicyRule[] {
  const resources = Map.groupBy(of, ({ group, resource, names: only }) => JSON.stringify([group, resource, only]));
  const alike = Map.groupBy([...resources.values()], ([first, ...rest]) =>
    JSON.stringify([first?.group, first?.names, [first, ...rest].map((one) => one?.verb).toSorted()]),
  );
  const rules = [...alike.values()].map((same): PolicyRule => {
    const all = same.flat();
    const only = all[0]?.names ?? [];
    return {
      apiGroups: [all[0]?.group ?? ''],
      resources: unique(all.map(({ resource }) => resource)),
      verbs: unique(all.map(({ verb }) => verb)),
      ...(only.length > 0 && { resourceNames: only }),
    };
  });
  return rules.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].toSorted();

export interface RolesWanted {
  /** Of services, sorted by whoever asks. */
  readonly namespaces: readonly string[];
  readonly subject: Subject;
  /** What the services of a namespace make use of. */
  readonly useIn: (namespace: string) => RightsUse;
}

/** What workers need in a hub cluster whose objects are their config: to read them, and to write their status. */
export function hubRoles(subject: Subject): readonly KubeObject[] {
  const plurals = hubKinds.map((type) => resourcePath(type, {}).split('/').at(-1) ?? '');
  const apiGroups = [hubGroup];
  const rules: readonly PolicyRule[] = [
    { apiGroups, resources: plurals.toSorted(), verbs: ['get', 'list'] },
    { apiGroups, resources: plurals.map((plural) => `${plural}/status`).toSorted(), verbs: ['patch'] },
  ];
  return bound({ name: 'tidegate-hub' }, rules, subject);
}

/** A Role and its binding in each namespace, those of Cilium's namespace, and what has no namespace. */
export function desiredRoles({ namespaces, subject, useIn }: RolesWanted): readonly KubeObject[] {
  const foreignRoutes = namespaces.some((namespace) => useIn(namespace).foreignRoutes);
  const whole = { ...usualUse, foreignRoutes };
  return [
    ...namespaces.flatMap((namespace) =>
      bound({ name: names.services, namespace }, rulesOf('services', useIn(namespace)), subject),
    ),
    ...bound({ name: names.cilium, namespace: CILIUM_NAMESPACE }, rulesOf('cilium', whole), subject),
    ...bound({ name: names.everywhere }, rulesOf('everywhere', whole), subject),
  ];
}

const rulesOf = (scope: Scope, use: RightsUse): PolicyRule[] =>
  policyRules(grants(use).filter((one) => one.scope === scope));

/** Without a namespace: of the whole cluster. */
function bound(
  metadata: { readonly name: string; readonly namespace?: string },
  rules: readonly PolicyRule[],
  subject: Subject,
): KubeObject[] {
  const kind = metadata.namespace === undefined ? 'ClusterRole' : 'Role';
  const role: RoleObject = { apiVersion, kind, metadata, rules };
  const binding = {
    ...{ apiVersion, kind: `${kind}Binding`, metadata },
    roleRef: { apiGroup: RBAC, kind, name: metadata.name },
    subjects: [subject.kind === 'ServiceAccount' ? subject : { apiGroup: RBAC, ...subject }],
  };
  return [role, binding];
}
