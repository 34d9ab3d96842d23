/** The Services of subsets: with pods in the cluster that serves the subset, as a stub in every other client cluster. */
import { annotations, labels } from '../../kube/labels.ts';
import type { Manifest } from '../../kube/objects.ts';
import { withDigest } from '../../kube/with-digest.ts';
import { subsetName, type SubsetIdentity } from '../../routing/names.ts';
import type { Frontend } from '../../routing/record.ts';
import { canonical } from '../../values/canonical.ts';

export interface SubsetServiceInput extends SubsetIdentity {
  readonly frontend: Frontend;
  /** Installation that owns the object. */
  readonly installation: string;
}

const subsetLabels = (input: SubsetServiceInput): Record<string, string> => ({
  [labels.managedBy]: 'tidegate',
  [labels.owner]: input.installation,
  [labels.service]: input.service,
  [labels.subsetVersion]: input.version,
  [labels.cluster]: input.cluster,
});

const service = (
  input: SubsetServiceInput,
  exports: Record<string, string>,
  selector?: Record<string, string>,
): Manifest => {
  const { name, port, targetPort } = { name: input.frontend.portName, ...input.frontend };
  return withDigest(
    canonical({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: subsetName(input),
        namespace: input.namespace,
        labels: subsetLabels(input),
        annotations: exports,
      },
      spec: {
        type: 'ClusterIP',
        // A frontend with one port may leave its name out.
        ports: [{ ...(name === '' ? {} : { name }), port, protocol: 'TCP', targetPort }],
        selector,
      },
    }),
  );
};

/**
 * The subset's Service in the cluster that serves it. It selects by both version labels: `app.kubernetes.io/version` is
 * the user's and may also stand on pods that Tidegate did not make (the original at adoption); ours is not on those.
 * Global, so that the stubs of other client clusters find its pods.
 */
export const servingService = (input: SubsetServiceInput): Manifest =>
  service(
    input,
    { [annotations.global]: 'true' },
    { ...input.frontend.selector, [labels.version]: input.version, [labels.subsetVersion]: input.version },
  );

/** The same name without selector in another client cluster: takes the remote pods in and exports nothing of its own. */
export const stubService = (input: SubsetServiceInput): Manifest =>
  service(input, { [annotations.global]: 'true', [annotations.shared]: 'false' });
