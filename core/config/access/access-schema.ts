/**
 * core/config/access: how a worker reaches a cluster, as users write it.
 *
 *   access: { eks: {...} } ──accessSchema──► WrittenAccess ──resolveAccess──► ClusterAccess
 *
 * It holds names and paths. It must hold nothing that proves who calls: there is no field for a token, a key or a password,
 * and an unknown one is refused.
 */
import { z } from 'zod';
import { text } from '../values.ts';

export const kubeconfigSchema = z
  .strictObject({
    path: text('file path', 'kubeconfigs/aws-us-east-1.yaml'),
    context: text('kubeconfig context', 'aws-us-east-1').optional(),
  })
  .meta({ description: 'Where credentials are found; a relative path starts at the folder of this file.' });

/** They become parts of addresses and headers. */
const word = (title: string, example: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9](?:[-\w.()]*[\w()])?$/)
    .max(128)
    .meta({ title, examples: [example] });

const roleArn = z
  .string()
  .regex(/^arn:aws[-a-z]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/)
  .meta({ title: 'ARN of a role', examples: ['arn:aws:iam::111122223333:role/tidegate'] });

const eks = z
  .strictObject({
    cluster: word('name of an EKS cluster', 'shop-us-east-1'),
    region: z
      .string()
      .regex(/^[a-z]{2,}(?:-[a-z]+)+-\d+$/)
      .meta({ title: 'AWS region', examples: ['us-east-1'] }),
    roleArn: roleArn
      .meta({ description: "The role that the worker takes on; left out: the worker's own identity calls." })
      .optional(),
    externalId: word('external id', 'tidegate-shop')
      .meta({ description: "As the role's trust policy asks for it." })
      .optional(),
  })
  .superRefine(({ roleArn: role, externalId }, context) => {
    if (externalId === undefined || role !== undefined) return;
    const hint = 'add roleArn, or leave externalId out';
    context.addIssue({
      code: 'custom',
      path: ['externalId'],
      message: 'is for a role, and no role is named',
      params: { hint },
    });
  })
  .meta({ description: 'Amazon EKS, by the identity of the worker (Pod Identity, IRSA, environment, instance).' });

const gke = z
  .strictObject({
    project: word('project', 'shop-prod').optional(),
    cluster: word('name of a GKE cluster', 'shop-europe-west1').optional(),
    endpoint: z
      .enum(['dns', 'ip', 'private'])
      .meta({
        description:
          "dns (the default): the cluster's name under gke.goog. ip: the public address. private: the one inside the network.",
      })
      .optional(),
    location: word('region or zone', 'europe-west1'),
    projectNumber: z
      .string()
      .regex(/^\d{6,20}$/)
      .meta({ title: 'number of a project, in quotes', examples: ['123456789012'] })
      .optional(),
    membership: word('membership of a fleet', 'shop-europe-west1').optional(),
  })
  .superRefine(({ project, cluster, endpoint, projectNumber, membership }, context) => {
    const direct = [project, cluster, endpoint].filter((one) => one !== undefined).length;
    const gateway = [projectNumber, membership].filter((one) => one !== undefined).length;
    if (direct > 0 && gateway > 0) {
      refuseHere(
        context,
        'names a cluster and a membership of a fleet',
        'write project and cluster, or projectNumber and membership (over the connect gateway)',
      );
    } else if (gateway === 2 || (project !== undefined && cluster !== undefined)) {
      return;
    } else {
      refuseHere(
        context,
        'does not say which cluster',
        'write project and cluster, or projectNumber and membership (over the connect gateway)',
      );
    }
  })
  .meta({
    description: 'Google GKE, by the identity of the worker (workload identity, application default credentials).',
  });

const aks = z
  .strictObject({
    subscription: z
      .string()
      .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)
      .meta({ title: 'id of a subscription', examples: ['00000000-0000-0000-0000-000000000000'] }),
    resourceGroup: word('resource group', 'shop'),
    cluster: word('name of an AKS cluster', 'shop-westeurope'),
    cloud: z
      .enum(['public', 'china', 'usGovernment'])
      .meta({ description: 'The environment of Azure; public when left out.' })
      .optional(),
  })
  .meta({
    description: 'Azure AKS with Entra ID, by the identity of the worker (workload identity, managed identity).',
  });

const inCluster = z
  .strictObject({})
  .meta({ description: 'The cluster in which the worker runs, by the service account of its pod.' });

const direct = {
  kubeconfig: kubeconfigSchema.optional(),
  eks: eks.optional(),
  gke: gke.optional(),
  aks: aks.optional(),
  inCluster: inCluster.optional(),
};

const oneOf = { minProperties: 1, maxProperties: 1 };

const clusterProfile = z
  .strictObject({
    hub: z
      .strictObject(direct)
      .superRefine(refuseOtherThanOne)
      .meta({ description: 'How the hub cluster is reached that holds the ClusterProfile.', ...oneOf }),
    namespace: word('namespace', 'fleet'),
    name: word('name of a ClusterProfile', 'shop-us-east-1'),
    roleArn: roleArn.meta({ description: 'For clusters of EKS: the role that the worker takes on.' }).optional(),
    kubeconfig: z
      .strictObject({ path: text('file path', 'kubeconfigs/fleet.yaml') })
      .meta({
        description:
          "For clusters whose access provider is named kubeconfig: the worker's file with a context of the profile's name.",
      })
      .optional(),
  })
  .meta({ description: 'A ClusterProfile (multicluster.x-k8s.io) in a hub says where the cluster is.' });

export const accessSchema = z
  .strictObject({ ...direct, clusterProfile: clusterProfile.optional() })
  .superRefine(refuseOtherThanOne)
  .meta({ description: 'How a worker reaches the API server. Workflows know the name of the cluster only.', ...oneOf });

export type WrittenAccess = z.output<typeof accessSchema>;

const ways = ['kubeconfig', 'eks', 'gke', 'aks', 'inCluster', 'clusterProfile'];

function refuseOtherThanOne(written: object, context: z.RefinementCtx): void {
  const named = Object.keys(written);
  if (named.length === 1) return;
  if (named.length === 0)
    refuseHere(context, 'does not say how the cluster is reached', `give one of ${ways.join(', ')}`);
  else refuseHere(context, `names several ways: ${named.join(', ')}`, 'keep one of them');
}

/** `kubeconfig` beside the name is the form of the first releases, and stays valid. */
export function refuseOtherThanOneAccess(
  { access, kubeconfig }: { readonly access?: unknown; readonly kubeconfig?: unknown },
  context: z.RefinementCtx,
): void {
  if ((access === undefined) !== (kubeconfig === undefined)) return;
  if (access === undefined)
    refuseHere(context, 'does not say how the cluster is reached', `give access: one of ${ways.join(', ')}`);
  else refuseHere(context, 'names two ways: access and kubeconfig', 'keep one of them');
}

function refuseHere(context: z.RefinementCtx, message: string, hint: string): void {
  context.addIssue({ code: 'custom', message, params: { hint } });
}
