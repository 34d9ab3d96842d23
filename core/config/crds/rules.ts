/**
 * What a schema cannot say of a document and CEL can, so that the API server refuses it when it is applied: a few of the
 * rules that are broken most. All others are told by the condition `Accepted` of the object.
 */
import { TidegateError } from '../../values/error.ts';
import { isRecord } from '../../values/json.ts';

interface Rule {
  readonly rule: string;
  readonly message: string;
}

/** By kind, and by place in it; `*` is every item of a list. */
const rulesOf: Readonly<Record<string, Readonly<Record<string, readonly Rule[]>>>> = {
  Mesh: {
    'spec.clusters': [
      {
        rule: 'self.all(a, self.exists_one(b, b.cilium.id == a.cilium.id))',
        message:
          'two clusters have the same Cilium id: use the cluster-id of their cilium-config, which is unique in a mesh',
      },
    ],
    'spec.clusters.*': [
      {
        rule: 'has(self.access) != has(self.kubeconfig)',
        message: 'say once how the cluster is reached: access, or its short form kubeconfig',
      },
    ],
    'spec.clusters.*.access.eks': [
      {
        rule: '!has(self.externalId) || has(self.roleArn)',
        message: 'externalId is for a role, and no role is named: add roleArn, or leave externalId out',
      },
    ],
    'spec.clusters.*.access.gke': [
      {
        rule: '(has(self.project) && has(self.cluster) && !has(self.membership) && !has(self.projectNumber)) || (has(self.projectNumber) && has(self.membership) && !has(self.project) && !has(self.cluster) && !has(self.endpoint))',
        message: 'write project and cluster, or projectNumber and membership (over the connect gateway)',
      },
    ],
    'spec.metrics.prometheus': [
      {
        rule: 'has(self.tenant) || !has(self.tenantHeader)',
        message:
          'tenantHeader names a header, but there is no tenant to send in it: add tenant, or leave tenantHeader out',
      },
    ],
  },
  Service: {
    'spec.rollout.waves.*.steps': [
      {
        rule: 'self[size(self) - 1].share == 100.0',
        message: 'the last step of a wave must have share: 100',
      },
    ],
    'spec.rollout.before.*': [
      {
        rule: 'has(self.image) || has(self.command) || has(self.job)',
        message: 'say what to run: image, or command in the image of the version itself',
      },
    ],
  },
  Trigger: {
    'spec.action.policy': [
      {
        rule: '[has(self.semver), has(self.regex), has(self.newest)].filter(given, given).size() == 1',
        message: 'say once which tag is the newest: give one of semver, regex and newest',
      },
      {
        rule: 'has(self.regex) == has(self.order)',
        message: 'regex and order go together: semver and newest have an order of their own',
      },
    ],
  },
};

type Node = Readonly<Record<string, unknown>>;

/** The schema with the rules at their places. A place that is not there is a bug of the table. */
export function withRules(schema: Node, kind: string): Node {
  return Object.entries(rulesOf[kind] ?? {}).reduce(
    (node, [place, rules]) => withRule(node, place.split('.'), rules),
    schema,
  );
}

function withRule(node: Node, [step, ...rest]: readonly string[], rules: readonly Rule[]): Node {
  if (step === undefined) return { ...node, 'x-kubernetes-validations': rules };
  if (step === '*') return { ...node, items: withRule(nodeAt(node, 'items'), rest, rules) };
  const properties = nodeAt(node, 'properties');
  return { ...node, properties: { ...properties, [step]: withRule(nodeAt(properties, step), rest, rules) } };
}

function nodeAt(node: Node, name: string): Node {
  const found = node[name];
  if (isRecord(found)) return found;
  throw new TidegateError('Bug', `the rules of a kind of config name ${name}, which its schema does not have`);
}
