/** An admission policy as a cluster's owner writes it: objects of one kind in one namespace need a label `team`. */
import type { KubeClient } from '../../../infra/lab/api/kube-client.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
const apiVersion = 'admissionregistration.k8s.io/v1';

/** It holds a moment after it was written. */
export async function requireTeam(
  admin: KubeClient,
  { namespace, apiGroup, resource }: { namespace: string; apiGroup: string; resource: string },
): Promise<void> {
  const rule = { apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [resource] };
  await admin.apply(`${group}/validatingadmissionpolicies/require-team`, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'require-team' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [rule] },
      validations: [
        {
          expression: "has(object.metadata.labels) && 'team' in object.metadata.labels",
          message: 'label team is missing',
        },
      ],
    },
  });
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
  await admin.apply(`${group}/validatingadmissionpolicybindings/require-team`, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'require-team' },
    spec: { policyName: 'require-team', validationActions: ['Deny'], matchResources },
  });
}
